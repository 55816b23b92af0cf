// Draws what is in a box that was opened, with the same marks as the first picture has.
import { svg } from "../shared/dom.js"
import { fill } from "../shared/fill.js"

/** @import { Box, Large } from "../payload" */
/** @typedef {{ element: SVGGElement, height: number }} Card */

export const MOST_HIGH = 560
const MARKS = {
  pass: "M-3.6.2-1 2.9 3.8-2.6",
  fail: "M-2.9-2.9 2.9 2.9M2.9-2.9-2.9 2.9",
  inconclusive: "M-2-1.8a2 2 0 1 1 2.6 2q-.6.3-.6 1.4M0 3.7v.1",
}

/**
 * The picture of a level, and what is drawn around each of its Functions.
 *
 * @param {Large} large
 * @param {string} id
 * @param {string} prefix
 */
export function drawLevel(large, id, prefix) {
  const level = large.levels[id]
  const crowds = level.crowds ?? {}
  const ids = level.nodes.concat(Object.keys(crowds))
  const { edges } = level
  const layout = large.layouts[level.layout]
  const plates = level.plates ?? []
  const drawn = ids.map((node, place) => {
    const { width } = layout.nodes[place]
    if (node[0] === "v") return variable(large, node, width)
    return node[0] === "f" ? call(large, node, width) : folded(large, node, crowds[node], width)
  })
  // The edge that is to blame leads through a plate with its numbers.
  for (const { text } of plates) drawn.push(plate(text, layout.nodes[drawn.length].width))
  const laid = edges.flatMap((_, number) => {
    const part = { number, wrong: plates.some(({ edge }) => edge === number), arrow: true }
    return part.wrong ? [{ ...part, arrow: false }, part] : [part]
  })
  const margin = 14
  const size = [layout.width + 2 * margin, layout.height + 2 * margin]
  const picture = svg("svg", {
    class: "ad-svg",
    role: "group",
    "aria-label": large.boxes[id].rows.join(", "),
    width: size[0],
    height: size[1],
    viewBox: `${-margin} ${-margin} ${size.join(" ")}`,
  })
  /** @type {Record<string, string[]>} */
  const near = {}
  // An edge that only says that a leaf goes into a box as well.
  const isAside = (/** @type {number} */ number) => {
    const { tail, head } = edges[number]
    const leaf = large.variables[ids[tail]]?.role === "leaf"
    return ids[head][0] === "b" && leaf && edges.some((other) => other.tail === tail && other.head !== head)
  }
  laid.forEach(({ number, wrong, arrow }, place) => {
    const name = `e${place}`
    const kind = `edge${wrong ? " wrong" : ""}${isAside(number) ? " aside" : ""}`
    picture.append(svg("path", { class: kind, id: prefix + name, d: curve(layout.curves[place], arrow) }))
    const [tail, head] = [ids[edges[number].tail], ids[edges[number].head]]
    for (const [end, other] of [
      [tail, head],
      [head, tail],
    ])
      if (end[0] === "f") near[end] = [...(near[end] ?? []), name, other]
  })
  /** @type {["x", "y"] | ["y", "x"]} */
  const [along, beside] = layout.across ? ["x", "y"] : ["y", "x"]
  const order = [...drawn.keys()].sort((a, b) => {
    const [from, to] = [layout.nodes[a], layout.nodes[b]]
    return from[along] - to[along] || from[beside] - to[beside]
  })
  for (const place of order) {
    const { element, height } = drawn[place]
    const { x, y, width } = layout.nodes[place]
    element.setAttribute("transform", `translate(${x - width / 2} ${y - height / 2})`)
    if (place < ids.length && !crowds[ids[place]]) element.id = prefix + ids[place]
    picture.append(element)
  }
  return { svg: picture, near }
}

/**
 * A path from a start through Bézier pieces, each told from where it starts, with an open arrowhead at its end.
 *
 * @param {number[]} way
 * @param {boolean} arrow
 */
export function curve(way, arrow) {
  let [x, y] = way
  const line = `M${x} ${y}c${way.slice(2).join(" ")}`
  for (let at = 6; at < way.length; at += 6) {
    x += way[at]
    y += way[at + 1]
  }
  const [bx, by, ex, ey] = way.slice(-4)
  const length = Math.hypot(ex - bx, ey - by)
  if (!arrow || !length) return line
  const [u, v] = [((ex - bx) / length) * 6, ((ey - by) / length) * 6]
  const ends = [x - u - v * 0.6, y - v + u * 0.6, x - u + v * 0.6, y - v - u * 0.6].map((end) => end.toFixed(1))
  return `${line}M${ends.slice(0, 2).join(" ")}L${x} ${y} ${ends.slice(2).join(" ")}`
}

/**
 * A box that this page has no level for.
 *
 * @param {Element} node
 * @param {Record<string, string>} says
 */
export function close(node, says) {
  node.classList.add("closed")
  node.querySelector("title")?.append(`, ${says.beyond}`)
}

/**
 * @param {string} kind
 * @param {string} text
 * @param {number} x
 * @param {number} y
 */
function words(kind, text, x, y) {
  return svg("text", { class: kind, x: Math.round(x), y }, text)
}

/**
 * @param {keyof typeof MARKS} verdict
 * @param {number} x
 * @param {number} y
 */
function sign(verdict, x, y) {
  const attributes = { class: "mark", transform: `translate(${Math.round(x)} ${Math.round(y)})` }
  return svg("g", attributes, svg("circle", { r: 7.5 }), svg("path", { d: MARKS[verdict] }))
}

/**
 * @param {string} text
 * @param {number} width
 * @returns {Card}
 */
function plate(text, width) {
  const height = 22
  const rect = svg("rect", { width, height, rx: 4 })
  return { height, element: svg("g", { class: "plate" }, rect, words("correction", text, width / 2, 15)) }
}

/**
 * @param {Large} large
 * @param {string} id
 * @param {number} width
 * @returns {Card}
 */
function variable({ variables, says }, id, width) {
  const { name, named, role, kind, value, gradient, verdict } = variables[id]
  const rows = [{ label: name, text: role === "intermediate" ? "" : says[role], type: "role" }]
  if (kind) rows.push({ label: "", text: kind, type: "kind" })
  if (value) rows.push({ label: "data", text: value, type: "number" })
  if (gradient) rows.push({ label: "grad", text: gradient, type: "number grad" })
  const height = rows.length * 18 + 12
  const group = svg("g", { class: ["variable", role, verdict].join(" ").trim() }, svg("title"))
  group.append(svg("rect", { width, height, rx: 8 }))
  if (role === "output")
    group.append(svg("rect", { class: "inner", x: 3, y: 3, width: width - 6, height: height - 6, rx: 5 }))
  rows.forEach(({ label, text, type }, n) => {
    if (label) group.append(words(n ? "label" : named ? "name" : "unnamed", label, 11, 19 + n * 18))
    if (text) group.append(words(type, text, width - 11, 19 + n * 18))
  })
  if (verdict) {
    const mark = sign(verdict, width - 4, 3)
    mark.prepend(svg("title", {}, says[verdict]))
    group.append(mark)
  }
  return { height, element: group }
}

/**
 * @param {Large} large
 * @param {string} id
 * @param {number} width
 * @returns {Card}
 */
function call({ functions, says, blamed }, id, width) {
  const { name, line, verdict = "", origin = "" } = functions[id]
  const height = 40
  const called = line ? fill(says.called, { name, line }) : name
  const state = says[`function-${verdict || "unchecked"}`]
  const title = [called, origin, state].filter(Boolean).join(", ")
  const kind = `function ${verdict}${blamed.includes(id) ? " blamed" : ""}`
  const ellipse = svg("ellipse", { cx: width / 2, cy: height / 2, rx: width / 2, ry: height / 2 })
  const group = svg("g", { class: kind }, svg("title", {}, title), ellipse)
  group.append(words("called", name, width / 2, origin ? height / 2 : height / 2 + 4.5))
  if (origin) {
    const text = words("label", origin, width / 2, height / 2 + 13)
    text.setAttribute("text-anchor", "middle")
    group.append(text)
  }
  if (verdict) group.append(sign(verdict, width * 0.85, height * 0.12))
  return { height, element: group }
}

/**
 * @param {Large} large
 * @param {string} id
 * @param {string[] | undefined} crowd rows of a box that cannot be opened
 * @param {number} width
 * @returns {Card}
 */
function folded({ boxes, levels, says }, id, crowd, width) {
  const { rows, loop, wrong } = /** @type {Box} */ (crowd ? { rows: crowd } : boxes[id])
  const height = rows.length * 17 + 16
  const title = [...rows, wrong ? says.holds_fail : ""].filter(Boolean).join(", ")
  const group = svg("g", { class: wrong ? "folded fail" : "folded" }, svg("title", {}, title))
  if (loop) group.append(svg("rect", { x: 5, y: 5, width, height, rx: 5 }))
  group.append(svg("rect", { width, height, rx: 5 }))
  rows.forEach((row, n) => {
    group.append(words(n ? "detail" : "heading", row, width / 2, 21 + n * 17))
  })
  if (wrong) group.append(sign("fail", width - 4, 3))
  if (!crowd && !levels[id]) close(group, says)
  return { height, element: group }
}
