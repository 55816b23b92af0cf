// Pictures of an array's gradients: each element beside its numerical value, and where in the array they differ.
import { svg } from "../shared/dom.js"
import { plot } from "./pictures.js"

/** @import { Heat, Points } from "../payload" */

/**
 * Each element as a point with its error bar; those that differ, and lie off the line, are crosses.
 *
 * @param {Points} picture
 * @param {Record<string, string>} says
 */
export function drawPoints({ numerical, backprop, uncertainty }, says) {
  const all = [0, ...numerical, ...backprop]
  const { element, path, toX, toY } = plot(all, all, says.numerical, says.backprop, false)
  const [low, high] = [Math.min(...all), Math.max(...all)]
  path("ad-numerical", `M${toX(low)} ${toY(low)}L${toX(high)} ${toY(high)}`)
  numerical.forEach((value, index) => {
    const x = toX(value)
    const y = toY(backprop[index])
    const far = 10 * uncertainty[index]
    path("ad-bound", `M${toX(value - far)} ${y}H${toX(value + far)}`)
    const differs = Math.abs(backprop[index] - value) > far + 1e-5 * Math.abs(value)
    if (differs) path("ad-fail", `M${x - 4} ${y - 4}l8 8m0-8l-8 8`)
    else path("ad-pass ad-dots", `M${x} ${y}h0`)
  })
  return element
}

const LEVELS = "abcdefghi"
const BOUNDS = ["−1e6", "−1e3", "−10", "−1", "1", "10", "1e3", "1e6", "σ"]

/**
 * The difference over its uncertainty in the array's shape: letters from `a`, far below, over `e`, none, to `i`.
 *
 * @param {Heat} picture
 */
export function drawHeat({ cells }) {
  const side = Math.min(26, 330 / cells[0].length, 190 / cells.length)
  const high = cells.length * side
  const element = svg("svg", { viewBox: `0 0 360 ${high + 44}`, "aria-hidden": "true" })
  /**
   * @param {number} x
   * @param {number} y
   * @param {number} width
   * @param {number} height
   * @param {string} letter
   */
  const cell = (x, y, width, height, letter) => {
    element.append(svg("rect", { x, y, width, height, class: letter === "." ? "ad-unknown" : `ad-heat-${letter}` }))
    if (height <= 7 || !"abcghi".includes(letter)) return
    const [cx, cy, r] = [x + width / 2, y + height / 2, height / 6]
    element.append(
      svg("path", { class: "ad-cross", d: `M${cx - r} ${cy - r}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}` }),
    )
  }
  cells.forEach((line, row) => {
    ;[...line].forEach((letter, column) => {
      cell(15 + column * side, 2 + row * side, side, side, letter)
    })
  })
  ;[...LEVELS].forEach((letter, index) => {
    cell(15 + index * 34, high + 14, 34, 10, letter)
  })
  BOUNDS.forEach((text, index) => {
    element.append(svg("text", { x: 49 + index * 34, y: high + 38, "text-anchor": "middle" }, text))
  })
  return element
}
