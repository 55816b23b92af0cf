// The code behind a step, the cell and the `backward` beside each other, with the step's lines marked.
// A line of the cell that built a node leads to the first step that goes back over it.
import { make } from "../shared/dom.js"

/** @import { Payload, Step } from "../payload" */
/** @import { Page } from "../output/page" */

/**
 * The code, and what shows that of a step; `asked` while a quiz asks for it.
 *
 * @param {Payload} data
 * @param {Page} page
 * @returns {[HTMLElement, (step: Step | undefined, asked: boolean) => void]}
 */
export function drawSources({ sources = [], steps = [], steps_say: says = {} }, page) {
  const element = make("div", { class: "ad-sources" })
  const views = sources.map(({ name, file, parts }, source) => {
    /** @type {Map<number, HTMLElement>} */
    const lines = new Map()
    const box = make("div", { class: "ad-code" })
    parts.forEach(({ first, text }, part) => {
      if (part) box.append(make("div", { class: "ad-gap" }, "…"))
      text.split("\n").forEach((words, offset) => {
        const number = first + offset
        const to = stepAt(steps, source, number)
        const line = to
          ? make("button", { type: "button", title: says.built }, words || " ")
          : make("div", {}, words || " ")
        if (to) line.onclick = () => page.go(to)
        line.dataset.line = String(number)
        lines.set(number, line)
        box.append(line)
      })
    })
    const title = make("p", {}, make("b", {}, name))
    if (file) title.append(make("span", {}, file))
    return { box, lines, pane: make("div", { role: "group", "aria-label": name }, title, box) }
  })
  const tallest = Math.max(0, ...views.map(({ lines }) => Math.min(lines.size, 14)))
  element.style.setProperty("--ad-rows", String(tallest))
  return [
    element,
    (step, asked) => {
      const places = [step?.built_at, asked ? undefined : step?.ran_at].flatMap((place) => place ?? [])
      element.hidden = !places.length
      element.replaceChildren(...places.map(({ source }) => views[source].pane))
      for (const { source, line: number } of places) {
        const { box, lines } = views[source]
        for (const line of lines.values()) line.removeAttribute("aria-current")
        const line = lines.get(number)
        line?.setAttribute("aria-current", "step")
        if (line) box.scrollTop = line.offsetTop - (box.clientHeight - line.offsetHeight) / 2
      }
    },
  ]
}

/**
 * The first step that goes back over a line of the cell; 0 where there is none.
 *
 * @param {Step[]} steps
 * @param {number} source
 * @param {number} line
 */
function stepAt(steps, source, line) {
  return steps.findIndex(({ built_at: at }) => at?.source === source && at.line === line) + 1
}
