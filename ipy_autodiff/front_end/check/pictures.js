// Pictures of the comparison, drawn when they are opened: the error against the step size, and of arrays what
// `array_pictures.js` draws. What a picture shows is said below it, for those who cannot see it.
import { linear, ticks } from "../shared/axis.js"
import { make, note, svg } from "../shared/dom.js"
import { formatNumber } from "../shared/numbers.js"

/** @import { PictureRow, Pictures, StepErrors } from "../payload" */
/** @import { Model, Page } from "../output/page" */
/** @typedef {(picture: any, says: Record<string, string>, verdict: string) => SVGSVGElement} Draw */
/** @typedef {Partial<Record<"steps" | "points" | "heat", Draw>>} Kinds */
/**
 * What outlasts a comparison that is drawn anew.
 *
 * @typedef {object} State
 * @property {boolean} open
 * @property {string} [row] the name of the Variable that is chosen
 * @property {PictureRow[]} [measured] what a kernel has measured since
 */

/**
 * @param {Pictures} pictures
 * @param {Kinds} kinds
 * @param {Page} page
 * @param {State} state
 */
export function drawPictures({ rows: given, says, ask }, kinds, page, state) {
  const box = make("div", { class: "ad-pictures" })
  const choices = make("div")
  const details = make("details", {}, make("summary", {}, says.title), choices, box)
  const rows = () => (ask && state.measured) || given
  const draw = () => {
    const row = rows().find(({ name }) => name === state.row) || rows()[0]
    if (!row) return box.replaceChildren(note(ask ?? ""))
    const figures = Object.entries(kinds).flatMap(([kind, draw]) => {
      const picture = row[/** @type {keyof Kinds} */ (kind)]
      return picture
        ? [make("figure", {}, draw(picture, says, row.verdict), make("figcaption", {}, picture.caption))]
        : []
    })
    box.replaceChildren(...figures)
  }
  const arrange = () => {
    const options = rows().map(({ name }) => make("option", {}, name))
    const choice = make("select", { "aria-label": says.variable }, ...options)
    choice.value = state.row ?? rows()[0]?.name
    choice.onchange = () => {
      state.row = choice.value
      draw()
    }
    choices.replaceChildren(...(options.length > 1 ? [choice] : []))
    draw()
  }
  // A running kernel measures what was not measured one by one.
  const measure = (/** @type {Model} */ model) => {
    const answered = (/** @type {{ pictures?: PictureRow[] }} */ { pictures }) => {
      if (!pictures) return
      model.off("msg:custom", answered)
      state.measured = pictures
      arrange()
    }
    model.on("msg:custom", answered)
    model.send({ kind: "pictures" })
  }
  details.ontoggle = () => {
    state.open = details.open
    if (!details.open) return
    arrange()
    const model = page.model()
    if (ask && !state.measured && model) measure(model)
  }
  details.open = state.open
  return details
}

/**
 * A plot whose axes hold these numbers, and what places a number on each of them.
 *
 * @param {number[]} xs
 * @param {number[]} ys
 * @param {string} xName
 * @param {string} yName
 * @param {boolean} log
 */
export function plot(xs, ys, xName, yName, log) {
  const element = svg("svg", { viewBox: "0 0 360 232", "aria-hidden": "true" })
  const path = (/** @type {string} */ kind, /** @type {string} */ d) => element.append(svg("path", { class: kind, d }))
  const word = (/** @type {number} */ x, /** @type {number} */ y, /** @type {string} */ text, anchor = "end") =>
    element.append(svg("text", { x, y, "text-anchor": anchor }, text))
  const x = axis(xs, 58, 350, log)
  const y = axis(ys, 192, 22, log)
  for (const { at, text } of x.ticks) {
    path("ad-grid", `M${at} 22V192`)
    word(at, 207, text, "middle")
  }
  for (const { at, text } of y.ticks) {
    path("ad-grid", `M58 ${at}H350`)
    word(53, at + 4, text)
  }
  word(350, 226, xName)
  word(58, 13, yName, "start")
  return { element, path, word, toX: x.place, toY: y.place }
}

/**
 * What places these numbers between two ends, and round numbers there.
 *
 * @param {number[]} numbers
 * @param {number} from
 * @param {number} to
 * @param {boolean} log
 */
function axis(numbers, from, to, log) {
  const scale = log ? Math.log10 : Number
  const all = numbers.map((number) => scale(number)).filter(Number.isFinite)
  const air = (Math.max(...all) - Math.min(...all)) / 16 || 1
  const low = Math.min(...all) - air
  const high = Math.max(...all) + air
  const line = linear(low, high, from, to)
  const at = (/** @type {number} */ number) => Number(line(Math.min(high, Math.max(low, number))).toFixed(1))
  return {
    place: (/** @type {number} */ number) => at(scale(number)),
    ticks: ticks(low, high, 4, log ? 1 : 0).map((number) => ({
      at: at(number),
      text: log ? `1e${number}` : formatNumber(number, 3),
    })),
  }
}

/**
 * Where backprop is wrong its error ends in a plateau; the dashed line is then the error against the numerical value.
 *
 * @param {StepErrors} picture
 * @param {Record<string, string>} says
 * @param {string} verdict
 */
export function drawErrors({ first_step, errors, difference, uncertainty, chosen }, { step, error, bar }, verdict) {
  const steps = errors.map((_, level) => first_step / 8 ** level)
  const own = errors.map(Math.abs)
  const seen = errors.map((value) => Math.abs(value - difference))
  const all = [...seen, ...(verdict === "fail" ? own : []), 10 * uncertainty]
  const { element, path, word, toX, toY } = plot(steps, all, step, error, true)
  const points = (/** @type {number[]} */ values) => values.map((value, level) => [toX(steps[level]), toY(value)])
  path("ad-bound", `M58 ${toY(10 * uncertainty)}H350`)
  word(350, toY(10 * uncertainty) - 4, bar)
  if (verdict === "fail") path("ad-numerical", `M${points(own).join("L")}`)
  path(`ad-${verdict}`, `M${points(seen).join("L")}`)
  path(
    `ad-${verdict} ad-dots`,
    points(seen)
      .map((point) => `M${point}h0`)
      .join(""),
  )
  const [cx, cy] = points(seen)[chosen]
  element.append(svg("circle", { cx, cy, r: 8 }))
  return element
}
