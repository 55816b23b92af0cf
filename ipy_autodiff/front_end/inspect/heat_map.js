// An array as numbers or as a heat map with a colour bar. `map.mark(place, others)` shows which elements are meant.

import { sizeOf } from "../shared/arrays.js"
import { ticks } from "../shared/axis.js"
import { consume, isCommand, make } from "../shared/dom.js"
import { formatNumber } from "../shared/numbers.js"

/** @typedef {ArrayLike<number> & Iterable<number>} Numbers */
/** @typedef {ReturnType<typeof arrange>} Plan */
/** @typedef {(place: number | undefined, others?: Set<number>) => void} Mark */
/** @typedef {(place: number | undefined, held: boolean) => unknown} Point */
/**
 * @typedef {object} Inner
 * @property {HTMLElement} element
 * @property {HTMLElement} [bar]
 * @property {(event: PointerEvent) => number | undefined} find
 * @property {Mark} mark
 */

/**
 * Where each element stands: vectors in rows, matrices as they are, further axes as tiles with a gap between.
 *
 * @param {readonly number[]} shape
 * @param {number} wrap how many elements of a vector stand in a row
 */
export function arrange(shape, wrap) {
  const count = sizeOf(shape)
  let [high, wide] = [1, 1, ...shape].slice(-2)
  let across = 1
  if (Math.max(high, wide) === count && count > wrap) [high, wide] = [Math.ceil(count / wrap), wrap]
  else if (shape.length === 3) across = Math.ceil(Math.sqrt((shape[0] * high) / wide))
  else if (shape.length > 3) across = shape[shape.length - 3]
  const places = Array.from({ length: count }, (_, i) => {
    const tile = Math.floor(i / (high * wide))
    const down = Math.floor(i / wide) % high
    return { row: Math.floor(tile / across) * (high + 1) + down, column: (tile % across) * (wide + 1) + (i % wide) }
  })
  const rows = places.reduce((most, { row }) => Math.max(most, row), 0) + 1
  const columns = places.reduce((most, { column }) => Math.max(most, column), 0) + 1
  const at = new Map(places.map(({ row, column }, i) => [row * columns + column, i]))
  return {
    places,
    rows,
    columns,
    at: (/** @type {number} */ row, /** @type {number} */ column) =>
      column < 0 || column >= columns ? undefined : at.get(row * columns + column),
  }
}

/** @type {Record<string, [down: number, across: number]>} */
const WAYS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }

/**
 * A map of `values`. Where `point` is given its elements can be pointed at: by mouse, by touch, by the arrow keys.
 *
 * @param {object} what
 * @param {Numbers} what.values
 * @param {readonly number[]} what.shape
 * @param {(Node | string)[]} what.title
 * @param {string} what.label
 * @param {boolean} [what.small]
 * @param {Point} [what.point]
 * @param {string} [what.id]
 */
export function drawMap({ values, shape, title, label, small = false, point, id }) {
  const numbers = values.length <= 36
  const plan = arrange(shape, numbers ? 9 : 50)
  const inner = numbers ? numberTable(values, plan, point && id) : heatMap(values, plan, small)
  inner.element.setAttribute("aria-label", label)
  if (numbers && point) inner.element.setAttribute("role", "grid")
  if (!numbers) inner.element.setAttribute("role", point ? "application" : "img")
  if (point) pointInto(inner, plan, values.length, point)
  const element = make("div", { class: "ad-map" }, make("span", { class: "ad-note" }, ...title), inner.element)
  if (inner.bar) element.append(inner.bar)
  return { element, mark: inner.mark }
}

/**
 * @param {Inner} inner
 * @param {Plan} plan
 * @param {number} count
 * @param {Point} point
 */
function pointInto({ element, find }, plan, count, point) {
  /** @type {number | undefined} */
  let now
  const go = (/** @type {number | undefined} */ place, /** @type {boolean} */ held) => {
    now = place
    point(place, held)
  }
  element.tabIndex = 0
  element.onpointermove = (event) => go(find(event), false)
  element.onpointerdown = (event) => go(find(event), true)
  element.onpointerleave = () => point(undefined, false)
  element.onfocus = () => element.matches(":focus-visible") && go(now ?? 0, true)
  element.onkeydown = (event) => {
    const way = WAYS[event.key]
    const end = { Home: 0, End: count - 1 }[event.key]
    if ((!way && end === undefined) || isCommand(event, true)) return
    consume(event)
    if (end !== undefined) return go(end, true)
    // Once more where a gap between two tiles comes next.
    const from = plan.places[now ?? 0]
    const next =
      plan.at(from.row + way[0], from.column + way[1]) ?? plan.at(from.row + 2 * way[0], from.column + 2 * way[1])
    if (next !== undefined) go(next, true)
  }
}

/**
 * @param {Numbers} values
 * @param {Plan} plan
 * @param {string | undefined} id where its elements can be pointed at
 * @returns {Inner}
 */
function numberTable(values, plan, id) {
  /** @type {HTMLElement[]} */
  const cells = []
  const cell = (/** @type {number} */ row, /** @type {number} */ column) => {
    const i = plan.at(row, column)
    if (i === undefined) return make("td", { class: "ad-gap" })
    cells[i] = make("td", id ? { role: "gridcell", id: `${id}-${i}` } : {}, formatNumber(values[i], 4))
    return cells[i]
  }
  const rows = Array.from({ length: plan.rows }, (_, row) =>
    make("tr", {}, ...Array.from({ length: plan.columns }, (_, column) => cell(row, column))),
  )
  const element = make("table", { "data-lm-suppress-shortcuts": "true" }, make("tbody", {}, ...rows))
  return {
    element,
    find({ target }) {
      const i = cells.indexOf(/** @type {HTMLElement} */ (target))
      return i < 0 ? undefined : i
    },
    mark(place, others = new Set()) {
      cells.forEach((cell, i) => {
        cell.classList.toggle("ad-chosen", i === place)
        cell.classList.toggle("ad-linked", others.has(i))
      })
      if (place === undefined || !id) element.removeAttribute("aria-activedescendant")
      else element.setAttribute("aria-activedescendant", cells[place].id)
    },
  }
}

// Blue below zero, orange above: told apart by all who see colours differently, and by how dark they are.
const NEGATIVE = [8, 69, 148]
const ZERO = [244, 243, 238]
const POSITIVE = [176, 74, 0]

/** @param {number} share from −1 to 1 */
function colour(share) {
  const end = share < 0 ? NEGATIVE : POSITIVE
  const by = Math.abs(share) ** 0.8
  return `rgb(${ZERO.map((from, i) => Math.round(from + (end[i] - from) * by))})`
}

/**
 * Where the colours begin and end, and how a value becomes a share of them: around zero where there are both signs.
 *
 * @param {Iterable<number>} values
 */
export function colourScale(values) {
  const known = [...values].filter(Number.isFinite)
  let low = known.reduce((a, b) => Math.min(a, b), Infinity)
  let high = known.reduce((a, b) => Math.max(a, b), -Infinity)
  if (!known.length) [low, high] = [0, 1]
  const most = Math.max(Math.abs(low), Math.abs(high)) || 1
  const ofMost = (/** @type {number} */ value) => value / most
  if (low < 0 && high > 0) return { low: -most, high: most, share: ofMost }
  if (low === high) return { low: Math.min(low, 0), high: Math.max(high, 0) || 1, share: ofMost }
  const sign = low < 0 ? -1 : 1
  if (Math.min(Math.abs(low), Math.abs(high)) < most / 2) {
    if (sign < 0) high = 0
    else low = 0
  }
  const start = sign < 0 ? high : low
  return { low, high, share: (/** @type {number} */ value) => (sign * Math.abs(value - start)) / (high - low) }
}

/**
 * @param {Numbers} values
 * @param {Plan} plan
 * @param {boolean} small
 * @returns {Inner}
 */
function heatMap(values, plan, small) {
  const room = small ? 120 : 190
  const [across, down] = [Math.min(room / plan.columns, 20), Math.min(room / plan.rows, 20)]
  const least = Math.min(across, down)
  const sides = Math.max(across, down) / least > 3 ? [across, down] : [least, least]
  const [wide, high] = sides.map((size) => Math.max(Math.floor(size * 2) / 2, 1.5))
  const sharp = 2
  const rim = 2
  const [right, bottom] = [plan.columns * wide + 2 * rim, plan.rows * high + 2 * rim]
  const range = colourScale(values)
  const layers = [0, 1].map(() => {
    const canvas = make("canvas", { width: right * sharp, height: bottom * sharp })
    Object.assign(canvas.style, { width: `${right}px`, height: `${bottom}px` })
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"))
    context.scale(sharp, sharp)
    return { canvas, context }
  })
  const [{ canvas, context: draw }, { canvas: marks, context: over }] = layers
  /** @returns {[x: number, y: number, wide: number, high: number]} */
  const box = (/** @type {number} */ i, more = 0) => {
    const { row, column } = plan.places[i]
    return [column * wide - more + rim, row * high - more + rim, wide + 2 * more, high + 2 * more]
  }
  Array.from(values).forEach((value, i) => {
    draw.fillStyle = Number.isFinite(value) ? colour(range.share(value)) : "#fff"
    draw.fillRect(...box(i))
    if (!Number.isFinite(value)) hatch(draw, ...box(i))
  })
  const element = make("div", { class: "ad-canvas", "data-lm-suppress-shortcuts": "true" }, canvas, marks)
  return {
    element,
    bar: colourBar(range),
    find({ clientX, clientY }) {
      const frame = canvas.getBoundingClientRect()
      const ratio = frame.width / right
      const column = Math.floor(((clientX - frame.x) / ratio - rim) / wide)
      return plan.at(Math.floor(((clientY - frame.y) / ratio - rim) / high), column)
    },
    mark(place, others = new Set()) {
      over.clearRect(0, 0, marks.width, marks.height)
      if (place === undefined && !others.size) return
      const all = place === undefined ? [...others] : [place, ...others]
      const few = others.size <= 4
      over.fillStyle = "#888b"
      if (others.size) {
        over.fillRect(rim, rim, right - 2 * rim, bottom - 2 * rim)
        for (const i of all) over.clearRect(...box(i))
      }
      for (const { ink, thick } of [
        { ink: "#fff", thick: 3 },
        { ink: "#000", thick: 1.5 },
      ]) {
        over.strokeStyle = ink
        over.lineWidth = thick
        if (few || Math.min(wide, high) > 4) for (const i of others) over.strokeRect(...box(i, few ? 1 : -0.5))
        if (place !== undefined) over.strokeRect(...box(place, 1))
      }
    },
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} wide
 * @param {number} high
 */
function hatch(context, x, y, wide, high) {
  context.strokeStyle = "#555"
  context.lineWidth = Math.min(1, wide / 4)
  context.beginPath()
  context.moveTo(x, y + high)
  context.lineTo(x + wide, y)
  context.stroke()
}

/** @param {ReturnType<typeof colourScale>} range */
function colourBar({ low, high, share }) {
  const stops = Array.from({ length: 17 }, (_, i) => colour(share(low + ((high - low) * i) / 16)))
  const words = ticks(low, high, 4).map((value) => {
    const left = (100 * (value - low)) / (high - low)
    return make("span", { style: `left:${left}%` }, formatNumber(value))
  })
  const bar = make("i", { style: `background:linear-gradient(90deg,${stops})` })
  return make("div", { class: "ad-scale", "aria-hidden": "true" }, bar, ...words)
}
