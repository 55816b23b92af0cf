// Draws the views of one output, and keeps them at one step.
import { bytesOf } from "../shared/arrays.js"
import { make, note } from "../shared/dom.js"
import { addOutput } from "./links.js"

/** @import { Update, Payload } from "../payload" */
/** @import { Model, Show, Sliders, Views } from "./page" */

/**
 * The picture is in the output once, as an image that is there without scripts too.
 *
 * @param {Element | null} root
 * @param {Payload} data
 */
export function takePicture(root, data) {
  const image = root?.querySelector("img")
  if (image) data.svg = new TextDecoder().decode(bytesOf(image.src.split(",")[1]))
}

/**
 * @param {HTMLElement} root
 * @param {Payload} data
 * @param {string} prefix
 * @param {Views} views
 * @param {Payload} recorded what is drawn where no other run of the cell is asked for
 */
export function drawViews(root, data, prefix, views, recorded = data) {
  let step = data.at ?? 0
  /** @type {Update | null} */
  let moved = null
  /** @type {Model | undefined} */
  let model
  /** @type {Sliders | undefined} */
  let sliders
  /** @type {Show[]} */
  const shows = []
  /** @type {((id: string) => void)[]} */
  const listeners = []
  const update = () => {
    root.classList.toggle("ad-steps", step > 0)
    for (const show of shows) show(step, moved)
  }
  /** @type {import("./page").Page} */
  const page = {
    root,
    prefix,
    hidden: new Set(),
    model: () => model,
    go(to) {
      step = to
      update()
      model?.set("step", to)
      model?.save_changes()
    },
    choose(id) {
      for (const listen of listeners) listen(id)
    },
    onChoose: (listen) => listeners.push(listen),
  }
  const slot = make("div", { hidden: "" })
  const parts = data.show.map((name) => {
    if (name === "sliders") return slot
    const kept = data.kept?.includes(name)
    if (kept) return /** @type {HTMLElement} */ (root.querySelector(`[data-part="${name}"]`)) ?? make("div")
    const [part, show] = views[name](data, page)
    shows.push(show)
    return part
  })
  const first = data.show[0] === "graph" && !data.kept?.includes("graph")
  const box = first && /** @type {SVGSVGElement} */ (parts[0].querySelector(".ad-svg")).viewBox.baseVal
  const tall = box && box.height > box.width && parts.length > 1 && !data.large
  parts.splice(Number(first) + Number(first && data.show[1] === "verdict"), 0, ...data.notes.map(note))
  if (tall) parts.push(make("div", {}, ...parts.splice(1)))
  root.replaceChildren(make("div", { class: tall ? "ad-all ad-tall" : "ad-all" }, ...parts))
  update()

  // A live model shares its step: what Python sets is shown, what is clicked Python hears. It also brings the sliders,
  // and the run that they show.
  const take = () => {
    const to = model?.get("step")
    if (to !== step) {
      step = to
      update()
    }
    sliders?.stepped()
  }
  // What can be moved may reach the page after the model itself.
  const slide = () => {
    if (!model || sliders || !model.get("controls")?.sliders || !data.show.includes("sliders")) return
    const show = (/** @type {Update | null} */ run) => {
      moved = run
      update()
    }
    sliders = model.drawSliders?.(slot, model, { step: () => step, show })
  }
  const anew = () => {
    leave()
    part()
    const whole = model?.get("anew").whole
    drawViews(root, whole ? { ...whole, id: data.id } : recorded, prefix, views, recorded)
  }
  const part = () => {
    model?.off("change:step", take)
    model?.off("change:anew", anew)
    model?.off("change:controls", slide)
    sliders?.stop()
    sliders = undefined
  }
  const link = (/** @type {Model | undefined} */ to) => {
    if (to === model) return
    part()
    model = to
    if (!model) return
    model.on("change:step", take)
    model.on("change:anew", anew)
    model.on("change:controls", slide)
    if (recorded === data && model.get("anew")?.whole) return anew()
    slide()
    take()
  }
  const leave = addOutput(data.id, { root, of: undefined, link })
}
