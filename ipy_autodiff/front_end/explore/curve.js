// The curve of the output over the input that moves, with its tangent at the present value.
import { linear, ticks } from "../shared/axis.js"
import { svg } from "../shared/dom.js"
import { fill } from "../shared/fill.js"
import { formatTick } from "../shared/numbers.js"

/** @import { Control, Curve } from "../payload" */

const WIDE = 400
const HIGH = 236
const LEFT = 52
const RIGHT = WIDE - 12
const TOP = 10
const BOTTOM = HIGH - 34

/**
 * The part of the y-axis that is shown: all of the curve, but for the far ends of one that runs away. Null where the
 * curve has no value.
 *
 * @param {(number | null)[]} ys
 * @returns {[low: number, high: number] | null}
 */
export function extent(ys) {
  const sorted = ys.filter((y) => y !== null).sort((a, b) => a - b)
  if (!sorted.length) return null
  const at = (/** @type {number} */ share) => sorted[Math.round(share * (sorted.length - 1))]
  const span = at(0.9) - at(0.1)
  let low = Math.max(sorted[0], at(0.1) - 1.5 * span)
  let high = Math.min(sorted[sorted.length - 1], at(0.9) + 1.5 * span)
  if (!(high > low)) {
    const half = (Math.abs(sorted[0]) || 1) / 2
    low = sorted[0] - half
    high = sorted[0] + half
  }
  const air = (high - low) * 0.08
  return [low - air, high + air]
}

/**
 * The measured slope where it is another one than backprop's, or there is no other; else null.
 *
 * @param {number | null | undefined} slope
 * @param {number | null | undefined} measured
 */
export function another(slope, measured) {
  if (measured === null || measured === undefined) return null
  if (slope === null || slope === undefined) return measured
  return Math.abs(slope - measured) > 0.02 * Math.max(Math.abs(slope), Math.abs(measured)) ? measured : null
}

let clips = 0

/**
 * A plot that is built once for a curve; `place` moves its point and its tangent.
 *
 * @param {Record<string, string>} says
 * @param {(x: number) => void} pick an x was pointed at
 */
export function drawCurve(says, pick) {
  const clip = `ad-clip-${++clips}`
  const axes = svg("g")
  const curve = svg("path", { class: "ad-curve" })
  const tangent = svg("path", { class: "ad-tangent" })
  const measured = svg("path", { class: "ad-measured" })
  const inner = svg("g", { "clip-path": `url(#${clip})` }, curve, measured, tangent)
  const point = svg("circle", { class: "ad-point", r: 5 })
  const home = svg("path", { class: "ad-home" })
  const inside = svg("rect", { x: LEFT, y: TOP, width: RIGHT - LEFT, height: BOTTOM - TOP })
  const element = svg(
    "svg",
    { viewBox: `0 0 ${WIDE} ${HIGH}`, class: "ad-plot", role: "img" },
    svg("clipPath", { id: clip }, inside),
    axes,
    home,
    inner,
    point,
  )
  /** @type {{ curve: Curve, low: number, high: number, toX(x: number): number, toY(y: number): number } | null} */
  let scale = null
  const text = (
    /** @type {number} */ x,
    /** @type {number} */ y,
    /** @type {string} */ anchor,
    /** @type {string} */ words,
    kind = "",
  ) => axes.append(svg("text", { x, y, "text-anchor": anchor, class: kind }, words))
  const line = (/** @type {number} */ at, /** @type {string} */ d) =>
    axes.append(svg("path", { class: at ? "ad-grid" : "ad-zero", d }))
  element.onpointerdown = (event) => {
    if (!scale || event.button) return
    const { low, high } = scale
    const go = (/** @type {PointerEvent} */ { clientX }) => {
      const frame = element.getBoundingClientRect()
      const share = (((clientX - frame.left) / frame.width) * WIDE - LEFT) / (RIGHT - LEFT)
      pick(low + Math.min(1, Math.max(0, share)) * (high - low))
    }
    element.setPointerCapture(event.pointerId)
    element.onpointermove = go
    element.onpointerup = element.onpointercancel = () => {
      element.onpointermove = null
    }
    go(event)
    event.preventDefault()
  }
  const clear = () => {
    scale = null
    element.classList.add("ad-empty")
  }
  return {
    element,
    clear,
    /**
     * @param {Curve} of
     * @param {Control} control what moves
     * @param {string} yName
     */
    over(of, control, yName) {
      if (scale?.curve === of) return
      const seen = extent(of.ys)
      if (!seen) return clear()
      const { low, high, ys } = of
      const toX = linear(low, high, LEFT, RIGHT)
      const toY = linear(seen[0], seen[1], BOTTOM, TOP)
      scale = { curve: of, low, high, toX, toY }
      element.classList.remove("ad-empty")
      axes.replaceChildren()
      for (const at of ticks(low, high, 5)) {
        line(at, `M${toX(at)} ${TOP}V${BOTTOM}`)
        text(toX(at), BOTTOM + 15, "middle", formatTick(at))
      }
      for (const at of ticks(...seen, 4)) {
        line(at, `M${LEFT} ${toY(at)}H${RIGHT}`)
        text(LEFT - 6, toY(at) + 4, "end", formatTick(at))
      }
      text(RIGHT, HIGH - 4, "end", control.label, "ad-axis")
      text(LEFT + 6, TOP + 12, "start", yName, "ad-axis")
      let path = ""
      ys.forEach((y, index) => {
        if (y === null) return
        const far = Math.max(-1e4, Math.min(1e4, toY(y)))
        const x = toX(low + ((high - low) * index) / (ys.length - 1))
        path += `${index && ys[index - 1] !== null ? "L" : "M"}${x.toFixed(1)} ${far.toFixed(1)}`
      })
      curve.setAttribute("d", path)
      home.setAttribute("d", `M${toX(control.value) - 4} ${BOTTOM}h8l-4 -7z`)
      element.setAttribute("aria-label", fill(says.curve, { y: yName, x: control.label }))
    },
    /**
     * @param {number} x
     * @param {number | null | undefined} y
     * @param {number | null | undefined} slope by backprop
     * @param {number | null | undefined} truth as measured, where that was done and is another one
     */
    place(x, y, slope, truth) {
      const seen = scale !== null && y !== null && y !== undefined
      point.style.display = seen ? "" : "none"
      tangent.classList.toggle("ad-wrong", truth !== null && truth !== undefined)
      for (const [path, tilted] of /** @type {const} */ ([
        [tangent, slope],
        [measured, truth],
      ])) {
        const drawn = seen && tilted !== null && tilted !== undefined
        path.style.display = drawn ? "" : "none"
        if (!drawn || !scale) continue
        const { toX, toY, low, high } = scale
        const at = toY(y)
        const tilt = (toY(y + tilted * (high - low)) - at) / (RIGHT - LEFT)
        const reach = Math.min(130, 260 / Math.hypot(1, tilt) + 8)
        path.setAttribute("d", `M${toX(x) - reach} ${at - tilt * reach}L${toX(x) + reach} ${at + tilt * reach}`)
      }
      if (!scale || y === null || y === undefined) return
      point.setAttribute("cx", String(scale.toX(x)))
      point.setAttribute("cy", String(Math.max(TOP, Math.min(BOTTOM, scale.toY(y)))))
    },
  }
}
