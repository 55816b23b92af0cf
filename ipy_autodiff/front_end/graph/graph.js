// The picture of the computation, and what points into it.
import { bring, consume, isCommand, make, middle, svgFrom } from "../shared/dom.js"
import { travelling } from "./travel.js"

/** @import { Payload, Step } from "../payload" */
/** @import { Page, Show, View } from "../output/page" */
/** @typedef {(data: Payload, page: Page, figure: HTMLElement, top: SVGSVGElement) => [HTMLElement, Show]} Openable */

/**
 * @param {Openable} [openable] shows a graph of which boxes can be opened
 * @returns {View}
 */
export function graphView(openable) {
  return (data, page) => {
    const top = svgFrom(data.svg ?? "")
    for (const node of top.querySelectorAll("[id]")) node.id = page.prefix + node.id
    const figure = make("figure", { "data-autodiff": "graph", "data-lm-suppress-shortcuts": "true" }, top)
    if (data.large && openable) return openable(data, page, figure, top)
    // As much as fits is shown at first, as long as it can be read.
    const { width, height } = top.viewBox.baseVal
    if (height > width) top.style.width = `${width * Math.min(1, Math.max(SHRINKS, (0.9 * innerHeight) / height))}px`
    return [figure, picture(data, page, figure, top, ({ active }) => active)]
  }
}

/** To which scale a graph is made smaller: it can still be read. */
export const SHRINKS = 0.72
/** @type {Record<string, [number, number]>} */
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

/**
 * A function that shows the picture in `frame` at a step.
 *
 * @param {Payload} data
 * @param {Page} page
 * @param {HTMLElement} frame
 * @param {SVGSVGElement} svg
 * @param {(step: Step) => string[]} around what is active at a step
 * @param {(id: string) => void} [open] opens a box
 * @returns {Show}
 */
export function picture(data, page, frame, svg, around, open) {
  const { prefix } = page
  const steps = data.steps ?? []
  /** @type {number | undefined} */
  let shown
  const find = (/** @type {string} */ id) =>
    /** @type {SVGGElement | null} */ (svg.querySelector(`[id="${prefix}${id}"]`))
  const idOf = (/** @type {Element} */ node) => node.id.slice(prefix.length)
  const texts = (/** @type {string} */ selector) =>
    [...svg.querySelectorAll(selector)].map((text) => ({
      text: /** @type {SVGTextElement} */ (text),
      id: idOf(/** @type {Element} */ (text.parentNode)),
      recorded: text.textContent ?? "",
    }))
  const gradients = texts(".grad")
  const values = texts(".number:not(.grad)")
  const travel = travelling(svg)
  const cards = [...svg.querySelectorAll(".variable")]
  const nodes = /** @type {SVGGElement[]} */ ([...svg.querySelectorAll(".variable, .function, .folded[id]")])
  const rove = (/** @type {SVGGElement} */ to) => {
    for (const node of nodes) node.tabIndex = node === to ? 0 : -1
  }
  for (const node of nodes) {
    node.setAttribute("role", "button")
    node.onfocus = () => rove(node)
  }
  rove(nodes[0])
  const press = (/** @type {Element | null} */ node) => {
    if (!node) return
    const id = idOf(node)
    const index = steps.findIndex((step) => step.active[0] === id)
    if (index >= 0) page.go(index + 1)
    if (node.matches(".folded")) open?.(id)
    else page.choose(id)
  }
  svg.onclick = ({ target }) => press(/** @type {Element} */ (target).closest("[role=button]"))
  // Arrow keys move to the nearest node on that side; Page Down and Page Up come to all, in their order.
  svg.onkeydown = (event) => {
    if (isCommand(event)) return
    const target = /** @type {SVGGElement} */ (event.target)
    const way = WAYS[event.key]
    const turn = { PageDown: 1, PageUp: -1 }[event.key]
    if (turn) nodes.at((nodes.indexOf(target) + turn) % nodes.length)?.focus()
    else if (way) nearest(nodes, target, way)?.focus()
    else if (event.key === "Enter" || event.key === " ") press(target)
    else return
    consume(event)
  }
  page.onChoose((id) => {
    for (const node of nodes) node.classList.toggle("chosen", node.id === prefix + id)
  })
  return (step, moved) => {
    const now = { ...data.start }
    steps.slice(0, step).forEach((taken, index) => {
      if (!page.hidden.has(index + 1)) Object.assign(now, taken.gradients)
    })
    const asked = page.hidden.size > 0
    const fresh = moved && !asked && moved.step === step && moved.gradients
    for (const { text, id, recorded } of gradients) {
      if (fresh) put(text, fresh[id])
      else if (!moved) put(text, step || asked ? now[id] || "" : recorded)
    }
    for (const { text, id, recorded } of values) if (!moved || moved.data) put(text, moved?.data?.[id] ?? recorded)
    for (const card of cards) setName(card)
    frame.classList.toggle("ad-stale", Boolean(moved && !fresh))
    frame.classList.toggle("ad-moved", Boolean(moved))
    if (shown === step) return
    const forward = shown !== undefined && step === shown + 1 && !moved && !asked
    shown = step
    for (const old of svg.querySelectorAll(".active")) old.classList.remove("active")
    const active = step ? around(steps[step - 1]).flatMap((id) => find(id) ?? []) : []
    for (const element of active) element.classList.add("active")
    if (active[0]) bring(frame, active[0])
    const { contributions = {} } = steps[step - 1] ?? {}
    travel(forward ? active : [], (card) => contributions[idOf(card)] ?? now[idOf(card)] ?? "")
  }
}

/**
 * The node that is nearest on one side; none where there is none.
 *
 * @param {SVGGElement[]} nodes
 * @param {Element} from
 * @param {[number, number]} way
 */
function nearest(nodes, from, way) {
  const [x, y] = middle(from)
  const far = (/** @type {Element} */ node) => {
    const [toX, toY] = middle(node)
    const ahead = (toX - x) * way[0] + (toY - y) * way[1]
    return ahead < 4 ? Infinity : ahead + 2.5 * Math.abs((toX - x) * way[1] + (toY - y) * way[0])
  }
  const found = nodes.reduce((best, node) => (far(node) < far(best) ? node : best))
  return far(found) < Infinity ? found : null
}

/**
 * Lets a card be called what stands on it: `x, leaf, data 0.5, grad 3.2974, agrees`.
 *
 * @param {Element} card
 */
function setName(card) {
  const name = card.getAttribute("data-name")
  const words = [...card.querySelectorAll(":scope > text")].map((text, place) => {
    const own = (!place && name) || text.textContent
    const label = text.previousElementSibling
    return own && label?.matches(".label") ? `${label.textContent} ${own}` : text.matches(".label") ? "" : own
  })
  const title = card.querySelector("title")
  words.push(card.querySelector(".mark title")?.textContent ?? "")
  const whole = words.filter(Boolean).join(", ")
  if (title && title.textContent !== whole) title.textContent = whole
}

/**
 * A text of the picture, pressed together where it is longer than the room that its card has.
 *
 * @param {SVGTextElement} text
 * @param {string} words
 */
function put(text, words) {
  if (text.textContent === words) return
  text.textContent = words
  const card = /** @type {Element} */ (text.parentNode).querySelector("rect")
  const room = (card?.width.baseVal.value ?? Infinity) - 56
  if (words.length * 7.4 > room) text.setAttribute("textLength", String(room))
  else text.removeAttribute("textLength")
  text.setAttribute("lengthAdjust", "spacingAndGlyphs")
}
