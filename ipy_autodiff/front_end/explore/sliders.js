// Sliders for an output whose kernel runs. They come with the live model, so a saved page does not carry what it could
// not use.
import { make } from "../shared/dom.js"
import { fill } from "../shared/fill.js"
import { formatNumber } from "../shared/numbers.js"
import { another, drawCurve } from "./curve.js"
import style from "./sliders.css"

/** @import { Control, Controls, Curve, Update } from "../payload" */
/** @import { Hooks, Model, Sliders } from "../output/page" */

const REST = 220
const LATE = 700

/**
 * Draws the sliders into `slot`. `hooks` is the output they belong to: its step, and how it shows a moved run.
 *
 * @param {HTMLElement} slot
 * @param {Model} model
 * @param {Hooks} hooks
 * @returns {Sliders}
 */
export function drawSliders(slot, model, hooks) {
  const by = crypto.getRandomValues(new Uint32Array(2)).join("-")
  /** @type {Controls} */
  let setup = model.get("controls")
  const { says } = setup
  /** @type {Record<string, number>} */
  let hand = {}
  let active = ""
  let asked = 0
  let answeredTo = 0
  let depth = 1
  let again = false
  let turn = 0
  let dead = false
  let frame = 0
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let late
  /** @type {Update} */
  let latest = {}
  /** @type {Curve | null} */
  let curve = null
  /** @type {Map<string, { element: HTMLElement, put(value: number): void }>} */
  const rows = new Map()
  const control = (/** @type {string} */ name) => setup.sliders.find((one) => one.name === name)

  const plot = drawCurve(says, (x) => {
    const one = control(active)
    if (one) move(one, one.min + Math.round((x - one.min) / one.step) * one.step)
  })
  const list = make("div", { class: "ad-rows" })
  const slope = make("p", { class: "ad-slope", "aria-live": "off" })
  const status = make("div", { class: "ad-status", role: "status" })
  const button = (/** @type {string} */ text, /** @type {string} */ name, title = "") =>
    make("button", { type: "button", class: "ad-text", "data-autodiff": name, ...(title && { title }) }, text)
  const reset = button(says.reset, "reset", says.reset_long)
  const wanted = make("input", {
    type: "text",
    size: 9,
    placeholder: setup.example,
    "aria-label": fill(says.add_label, { name: setup.example }),
  })
  const adder = make("form", { class: "ad-adder" }, wanted, make("button", { class: "ad-text" }, says.add))
  const bar = make("div", { class: "ad-bar ad-sliders-bar" }, make("b", {}, says.heading), reset)
  const picture = make("div", { class: "ad-picture" }, slope, plot.element)
  const section = make(
    "section",
    { "data-autodiff": "sliders", "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": says.label },
    make("style", {}, style),
    bar,
    make("div", { class: "ad-hand" }, make("div", {}, list, adder, status), picture),
  )
  section.onkeydown = (event) => event.stopPropagation()

  const waiting = () => asked > answeredTo

  const send = (/** @type {string} */ kind, more = {}) => {
    try {
      model.send({ kind, by, number: ++asked, step: hooks.step(), of: active, ...more })
    } catch {
      return end()
    }
    clearTimeout(late)
    late = setTimeout(() => section.classList.add("ad-waits"), LATE)
  }

  // The latest position goes out once a frame. A few may be on their way at once where the kernel answers quickly:
  // the way there and back takes longer than the answer.
  const ask = () => {
    if (dead) return
    clearTimeout(resting)
    again = true
    if (!waiting()) pump()
    else turn ||= requestAnimationFrame(pump)
  }

  const pump = () => {
    cancelAnimationFrame(turn)
    turn = 0
    if (dead || !again || asked - answeredTo >= depth) return
    again = false
    send("move", { values: hand })
  }

  const rest = () => {
    if (!dead && !waiting()) send("rest")
  }

  const answered = () => {
    /** @type {Update} */
    const update = model.get("update") ?? {}
    const mine = update.by === by
    if (mine) {
      answeredTo = Math.max(answeredTo, update.number ?? 0)
      const { milliseconds: spent } = update
      if (spent && !update.rest) depth = spent < 6 ? 4 : spent < 16 ? 2 : 1
    }
    if (!waiting()) {
      clearTimeout(late)
      section.classList.remove("ad-waits")
    }
    if (update.values && (!mine || (update.rest && !again && !waiting()))) hand = { ...update.values }
    latest = update
    if (update.curve) curve = update.curve
    if (again) turn ||= requestAnimationFrame(pump)
    else if (!waiting() && !update.rest && mine && !update.refused) {
      clearTimeout(resting)
      resting = setTimeout(rest, REST)
    }
    frame ||= requestAnimationFrame(draw)
  }

  const draw = () => {
    frame = 0
    if (dead) return
    hooks.show(latest.moved && !latest.error ? latest : null)
    const foreign = latest.by !== by || latest.rest
    if (foreign) for (const [name, row] of rows) if (name in hand) row.put(hand[name])
    const one = control(active) ?? setup.sliders[0]
    if (one) drawSlope(one)
    else plot.clear()
    drawStatus()
    reset.disabled = setup.sliders.every(({ name, value }) => (hand[name] ?? value) === value)
  }

  const drawSlope = (/** @type {Control} */ one) => {
    const at = latest.values ?? hand
    const yName = setup.whole ? setup.of : fill(says.sum_of, { y: setup.of })
    const tilt = latest.slopes?.[one.name]
    const truth = curve?.of === one.name ? another(tilt, latest.measured) : null
    if (curve?.of === one.name) {
      plot.over(curve, one, yName)
      plot.place(at[one.name] ?? one.value, latest.y, tilt, truth)
    } else plot.clear()
    if (!latest.slopes) return
    const none = tilt === null || tilt === undefined
    const value = none ? make("span", {}, says.no_slope) : make("b", {}, formatNumber(tilt))
    const ratio = `d${setup.whole ? setup.of : `(${yName})`}/d${one.label} = `
    slope.replaceChildren(make("span", { class: "ad-ratio" }, ratio), value)
    if (truth !== null) {
      const words = `${says.measured} ${formatNumber(truth)}`
      if (none) value.replaceWith(make("b", { class: "ad-truth" }, words))
      else slope.append(make("b", { class: "ad-truth" }, words))
    }
    if (latest.y !== null && latest.y !== undefined)
      slope.append(make("span", {}, `${yName} = ${formatNumber(latest.y)}`))
  }

  const drawStatus = () => {
    const branches = latest.branches ?? []
    const words = [latest.error, latest.refused, ...branches].flatMap((text) => text || [])
    const shown = [...words, setup.anew].join()
    if (shown === status.dataset.words) return
    status.dataset.words = shown
    status.replaceChildren(...words.map((text) => make("p", { class: "ad-notice" }, text)))
    if (branches.length && setup.can_run) {
      const run = button(says.run_anew, "anew", says.run_anew_long)
      run.onclick = () => send("anew")
      status.append(run)
    }
    if (setup.anew) {
      const back = button(says.recorded, "recorded")
      back.onclick = () => send("recorded")
      status.prepend(make("p", { class: "ad-notice" }, setup.anew), back)
    }
  }

  const move = (/** @type {Control} */ one, /** @type {number} */ to) => {
    if (!Number.isFinite(to) || dead) return
    const value = Number(Math.min(one.max, Math.max(one.min, to)).toPrecision(12))
    hand[one.name] = value
    rows.get(one.name)?.put(value)
    choose(one.name)
    ask()
  }

  const mark = () => {
    for (const [name, row] of rows) row.element.classList.toggle("ad-chosen", name === active)
  }

  const choose = (/** @type {string} */ name) => {
    if (active === name) return
    active = name
    mark()
    if (waiting()) ask()
    else rest()
  }

  const drawRow = (/** @type {Control} */ one) => {
    const id = `ad-${by}-${rows.size}`
    const range = make("input", { type: "range", id, min: one.min, max: one.max, step: one.step })
    const exact = make("input", {
      type: "number",
      step: one.step,
      "aria-label": fill(says.value_of, { name: one.label }),
    })
    const element = make(
      "div",
      { "data-autodiff": "slider", "data-variable": one.name, class: "ad-slider" },
      make("label", { for: id }, one.label),
      range,
      exact,
    )
    range.oninput = () => {
      const value = Number(range.value)
      move(one, Math.abs(value - one.value) < one.step / 1e6 ? one.value : value)
    }
    exact.onchange = () => move(one, exact.valueAsNumber)
    exact.oninput = () => exact.value !== "" && move(one, exact.valueAsNumber)
    range.onfocus = exact.onfocus = () => choose(one.name)
    const put = (/** @type {number} */ value) => {
      const text = formatNumber(value, 6)
      range.value = String(value)
      range.setAttribute("aria-valuetext", text)
      if (document.activeElement !== exact) exact.value = text
    }
    rows.set(one.name, { element, put })
    put(hand[one.name] ?? one.value)
    return element
  }

  const arrange = () => {
    setup = model.get("controls")
    const values = model.get("update")?.values ?? {}
    hand = Object.fromEntries(setup.sliders.map((one) => [one.name, values[one.name] ?? one.value]))
    rows.clear()
    list.replaceChildren(...setup.sliders.map(drawRow))
    if (!control(active)) active = setup.sliders[0]?.name ?? ""
    mark()
    list.append(...setup.remarks.map((text) => make("p", { class: "ad-note" }, text)))
    adder.hidden = !setup.example
    slot.hidden = !setup.sliders.length && !setup.remarks.length
    bar.hidden = picture.hidden = !setup.sliders.length
    reset.disabled = true
  }

  const end = () => {
    if (dead) return
    dead = true
    clearTimeout(resting)
    clearTimeout(late)
    cancelAnimationFrame(frame)
    cancelAnimationFrame(turn)
    section.classList.remove("ad-waits")
    section.classList.add("ad-gone")
    for (const input of section.querySelectorAll("input")) input.disabled = true
    for (const button of section.querySelectorAll("button")) button.disabled = true
    for (const one of setup.sliders) rows.get(one.name)?.put(one.value)
    status.replaceChildren(make("p", { class: "ad-note" }, says.gone))
    slope.replaceChildren()
    plot.clear()
    hooks.show(null)
  }

  reset.onclick = () => {
    hand = Object.fromEntries(setup.sliders.map(({ name, value }) => [name, value]))
    for (const [name, row] of rows) row.put(hand[name])
    ask()
  }
  adder.onsubmit = (event) => {
    event.preventDefault()
    if (wanted.value.trim()) send("add", { name: wanted.value })
    wanted.value = ""
  }

  /** @type {[string, () => void][]} */
  const heard = [
    ["change:update", answered],
    ["change:controls", arrange],
  ]
  for (const [name, listener] of heard) model.on(name, listener)
  arrange()
  slot.replaceChildren(section)
  answered()
  if (setup.sliders.length) rest()
  return {
    // While something is moved, Python has the lines of the step.
    stepped() {
      if (latest.moved && latest.step !== hooks.step()) ask()
    },
    stop() {
      for (const [name, listener] of heard) model.off(name, listener)
      end()
    },
  }
}
