// The comparison as a table, what is to blame above it, with links to the graph and to the step; below it, pictures.
// A slider that moves brings another.
import { link, make, note } from "../shared/dom.js"
import { fill } from "../shared/fill.js"
import { drawPictures } from "./pictures.js"

/** @import { Accusation, Check, Payload, Step, Summary } from "../payload" */
/** @import { Page, View } from "../output/page" */
/** @import { Kinds, State } from "./pictures.js" */

/**
 * @param {Kinds} kinds of pictures that can be drawn
 * @returns {View}
 */
export function checkView(kinds) {
  return (data, page) => {
    /** @type {State} */
    const state = { open: false }
    const first = /** @type {Check} */ (data.check)
    const draw = (/** @type {Check} */ check) => drawCheck(check, data, page, kinds, state)
    const element = make("div", {}, draw(first))
    let last = first
    return [
      element,
      (_, moved) => {
        const now = moved ? moved.check : first
        element.classList.toggle("ad-stale", !now)
        if (!now || now === last) return
        last = now
        element.replaceChildren(draw(now))
      },
    ]
  }
}

/**
 * @param {Check} check
 * @param {Payload} data
 * @param {Page} page
 * @param {Kinds} kinds
 * @param {State} state
 */
function drawCheck(check, { says, show, steps = [] }, page, kinds, state) {
  const { heading, verdict, columns, rows, blame, remarks } = check
  const section = make("section", { "data-autodiff": "check" })
  const apart = show.includes("verdict")
  if (!apart) section.append(make("p", { class: `ad-${verdict}` }, make("b", {}, heading)))
  section.append(...blame.slice(Number(apart)).map((one) => blameBox(one, says, steps, page)))
  const linked = blame.some((one) => stepOf(steps, one.function))
  section.append(...remarks.map(note))
  if (!rows.length) return section
  const last = columns.length - 1
  const kind = (/** @type {number} */ index) => (index && index < last ? { class: "ad-number" } : undefined)
  const body = rows.map(({ cells, variable, verdict, text, reason }) => {
    const judged = make("td", {}, make("span", { class: `ad-${verdict}` }, text))
    const at = verdict === "fail" && !linked ? steps.findLastIndex(({ gradients }) => variable in gradients) + 1 : 0
    if (at) judged.append(" ", stepLink(at, says, steps, page))
    if (reason) judged.append(make("span", { class: "ad-note" }, reason))
    const [first, ...numbers] = cells
    const choose = () => page.choose(variable)
    const name = show.includes("graph") ? link(first, choose, fill(check.show_variable, { name: first })) : first
    return make(
      "tr",
      { "data-verdict": verdict },
      make("th", { scope: "row" }, name),
      ...numbers.map((cell, index) => make("td", kind(index + 1), cell)),
      judged,
    )
  })
  const head = make("tr", {}, ...columns.map((column, index) => make("th", { scope: "col", ...kind(index) }, column)))
  const table = make("table", {}, make("thead", {}, head), make("tbody", {}, ...body))
  section.append(make("div", { class: "ad-wide" }, table))
  if (check.pictures) section.append(drawPictures(check.pictures, kinds, page, state))
  return section
}

/**
 * The answer in one line, under the graph; a slider that moves brings another.
 *
 * @type {View}
 */
export function verdictView(data, page) {
  const first = /** @type {Summary} */ (data.verdict)
  const element = make("section", { "data-autodiff": "verdict" })
  const draw = ({ verdict, line, blame } = first) => {
    element.className = `ad-${verdict}`
    const boxes = blame.slice(0, 1).map((one) => blameBox(one, data.says, data.steps ?? [], page))
    element.replaceChildren(make("b", {}, line), ...boxes)
  }
  draw()
  /** @type {Summary} */
  let last = first
  return [
    element,
    (_, moved) => {
      const now = moved ? moved.check : first
      element.classList.toggle("ad-stale", !now)
      if (!now || now === last) return
      last = now
      draw(now)
    },
  ]
}

/**
 * What is to blame, the way to its step, and a hint.
 *
 * @param {Accusation} blame
 * @param {Payload["says"]} says
 * @param {Step[]} steps
 * @param {Page} page
 */
function blameBox({ sentence, hint, function: node }, says, steps, page) {
  const box = make("div", { class: "ad-blame" }, sentence)
  const at = stepOf(steps, node)
  if (at) box.append(" ", stepLink(at, says, steps, page))
  box.append(make("details", {}, make("summary", {}, says.hint), hint))
  return box
}

/**
 * @param {number} at
 * @param {Payload["says"]} says
 * @param {Step[]} steps
 * @param {Page} page
 */
function stepLink(at, says, steps, page) {
  return link(fill(says.to_step, { step: steps[at - 1].number }), () => page.go(at))
}

/**
 * The step of a Function; 0 where it has none.
 *
 * @param {Step[]} steps
 * @param {string} node
 */
function stepOf(steps, node) {
  return node ? steps.findIndex((step) => step.active[0] === node) + 1 : 0
}
