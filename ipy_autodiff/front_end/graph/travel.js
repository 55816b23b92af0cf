// A step as it happens: gradients travel against the edges, from the outputs to the Function and on to its inputs.
import { svg } from "../shared/dom.js"

const MILLISECONDS = 450

/**
 * Lets gradients travel in a picture, until the next call. Without motion, where the reader prefers that.
 *
 * @param {SVGSVGElement} picture
 */
export function travelling(picture) {
  let frame = 0
  /** @type {(() => void)[]} */
  const ends = []
  /**
   * @param {SVGGElement[]} active the Function, and then the edges and the Variables around it
   * @param {(variable: Element) => string} textOf what is on its way from or to a Variable
   */
  return ([node, ...others], textOf) => {
    cancelAnimationFrame(frame)
    for (const end of ends.splice(0)) end()
    if (!node || matchMedia("(prefers-reduced-motion: reduce)").matches) return
    const own = boxOf(node)
    const cards = others.filter((other) => other.matches(".variable"))
    const ways = others.flatMap((edge) => {
      const d = edge.getAttribute("d")?.match(/^M[^M]+/)?.[0]
      if (!d) return []
      const path = svg("path", { d })
      const length = path.getTotalLength()
      const [to, from] = [path.getPointAtLength(0), path.getPointAtLength(length)]
      const comes = isAt(own, to, 4)
      const stage = comes ? 0 : isAt(own, from, 12) ? 1 : 2
      const card = cards.find((one) => isAt(boxOf(one), comes ? from : to, 12))
      const last = cards.find((one) => isAt(boxOf(one), to, 12))
      const text = svg("text", { class: "travelling", "aria-hidden": "true" }, card ? textOf(card) : "●")
      return [{ path, length, stage, text, lands: last?.querySelector(".grad") }]
    })
    for (const { text, lands } of ways) {
      lands?.classList.add("coming")
      ends.push(() => {
        text.remove()
        lands?.classList.remove("coming")
      })
    }
    const started = performance.now()
    const draw = () => {
      const now = (performance.now() - started) / MILLISECONDS
      for (const { path, length, stage, text, lands } of ways) {
        const share = now - stage
        if (share >= 1) {
          text.remove()
          lands?.classList.remove("coming")
        } else if (share >= 0) {
          const { x, y } = path.getPointAtLength(length * (1 - share))
          if (!text.parentNode) picture.append(text)
          text.setAttribute("x", String(x))
          text.setAttribute("y", String(y + 4))
        }
      }
      if (now < 3) frame = requestAnimationFrame(draw)
    }
    draw()
  }
}

/** @param {SVGGElement} node */
function boxOf(node) {
  const { e, f } = node.transform.baseVal[0].matrix
  const { x, y, width, height } = node.getBBox()
  return { x: x + e, y: y + f, width, height }
}

/**
 * Whether a point is in a box, or not farther than `near` from it.
 *
 * @param {ReturnType<typeof boxOf>} box
 * @param {DOMPoint} point
 * @param {number} near
 */
function isAt({ x, y, width, height }, point, near) {
  return (
    Math.abs(point.x - x - width / 2) <= width / 2 + near && Math.abs(point.y - y - height / 2) <= height / 2 + near
  )
}
