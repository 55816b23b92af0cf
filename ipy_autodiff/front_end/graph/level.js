// Draws what is in a box that was opened, with the same marks as the first picture has.
import { svg } from "../shared/dom.js"
import { fill } from "../shared/fill.js"
import { layered } from "./layered.js"

/** @import { Large } from "../payload" */
/** @typedef {{ size: [number, number], draw: () => SVGGElement }} Card */

export const MOST_HIGH = 560
const MARKS = {
  pass: "M-3.6.2-1 2.9 3.8-2.6",
  fail: "M-2.9-2.9 2.9 2.9M2.9-2.9-2.9 2.9",
  inconclusive: "M-2-1.8a2 2 0 1 1 2.6 2q-.6.3-.6 1.4M0 3.7v.1",
}
const VERDICTS = /** @type {const} */ (["", "pass", "fail", "inconclusive"])

/**
 * About how wide a text is.
 *
 * @param {string} text
 * @param {number} size
 */
function wide(text, size) {
  let em = 0
  for (const character of text) em += character.charCodeAt(0) < 128 ? 0.61 : 1
  return em * size
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
  const ids = level.nodes.split(" ").concat(Object.keys(crowds))
  /** @type {[number, number][]} */
  const edges = []
  for (let i = 0; i < level.edges.length; i += 2) edges.push([level.edges[i], level.edges[i + 1]])
  const drawn = ids.map((node) => {
    if (node[0] === "v") return variable(large, node)
    return node[0] === "f" ? call(large, node) : folded(large, node, crowds[node])
  })
  // The edge that is to blame leads through a plate with its numbers.
  /** @type {{ number: number, place: number }[]} */
  const plates = []
  const laid = edges.flatMap(([a, b], number) => {
    const text = level.wrong?.[`${ids[a]} ${ids[b]}`]
    if (!text || plates.some((plate) => plate.number === number)) return [{ ends: [a, b], number }]
    drawn.push(plate(text))
    const place = drawn.length - 1
    plates.push({ number, place })
    return [
      { ends: [a, place], number },
      { ends: [place, b], number },
    ]
  })
  const sizes = drawn.map(({ size }) => size)
  const late = plates.map(({ place }) => place)
  const ends = laid.map((edge) => edge.ends)
  const [right, down] = [true, false].map((across) => layered(sizes, ends, across, late))
  const scale = (/** @type {typeof right} */ { wide, high }) => Math.min(1, 1200 / wide, MOST_HIGH / high)
  const found = scale(right) >= scale(down) ? right : down
  const margin = 14
  const size = [found.wide + 2 * margin, found.high + 2 * margin].map(Math.ceil)
  const picture = svg("svg", {
    class: "ad-svg",
    role: "group",
    "aria-label": large.boxes[id].slice(1).join(", "),
    width: size[0],
    height: size[1],
    viewBox: `${-margin} ${-margin} ${size.join(" ")}`,
  })
  /** @type {Record<string, string[]>} */
  const near = {}
  // An edge that only says that a leaf goes into a box as well.
  const isAside = (/** @type {number} */ number) => {
    const [a, b] = edges[number]
    const leaf = (large.variables[ids[a]]?.[1] ?? 0) & 2
    return ids[b][0] === "b" && leaf && edges.some(([tail, head]) => tail === a && head !== b)
  }
  laid.forEach(({ number }, place) => {
    const name = `e${place}`
    const wrong = plates.some((plate) => plate.number === number) ? " wrong" : ""
    const kind = `edge${wrong}${isAside(number) ? " aside" : ""}`
    picture.append(svg("path", { class: kind, id: prefix + name, d: found.paths[place] }))
    const [tail, head] = edges[number].map((end) => ids[end])
    for (const [end, other] of [
      [tail, head],
      [head, tail],
    ])
      if (end[0] === "f") near[end] = [...(near[end] ?? []), name, other]
  })
  const order = [...drawn.keys()].sort((a, b) => {
    const [[x, y], [u, v]] = [found.centres[a], found.centres[b]]
    return found === right ? x - u || y - v : y - v || x - u
  })
  for (const place of order) {
    const {
      size: [w, h],
      draw,
    } = drawn[place]
    const [x, y] = found.centres[place]
    const element = draw()
    element.setAttribute("transform", `translate(${(x - w / 2).toFixed(1)} ${(y - h / 2).toFixed(1)})`)
    if (place < ids.length && !crowds[ids[place]]) element.id = prefix + ids[place]
    picture.append(element)
  }
  return { svg: picture, near }
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
 * @returns {Card}
 */
function plate(text) {
  const width = wide(text, 11.5) + 14
  const draw = () =>
    svg("g", { class: "plate" }, svg("rect", { width, height: 22, rx: 4 }), words("w", text, width / 2, 15))
  return { size: [width, 22], draw }
}

/**
 * @param {Large} large
 * @param {string} id
 * @returns {Card}
 */
function variable({ variables, says }, id) {
  const [name, flags, value, gradient, kind, code] = variables[id]
  const role = flags & 2 ? "leaf" : flags & 4 ? "output" : "intermediate"
  const rows = [{ label: name, text: role === "intermediate" ? "" : says[role], type: "r" }]
  if (kind) rows.push({ label: "", text: kind, type: "t" })
  if (flags & 8) rows.push({ label: "data", text: value, type: "d" })
  if (flags & 16) rows.push({ label: "grad", text: gradient, type: "d grad" })
  const rooms = rows.map(({ label, text }, n) => {
    if (n) return wide(text, 12) + (label ? wide(label, 10.5) + 12 : 0)
    return wide(label, 13) + (text ? wide(text, 10.5) + 16 : 0)
  })
  const width = Math.round(Math.max(84, ...rooms) + 22)
  const height = rows.length * 18 + 12
  const verdict = VERDICTS[code ?? 0]
  const grad = flags & 16 ? `grad ${gradient}` : ""
  const title = [name, says[role], kind, `data ${value}`, grad, verdict && says[verdict]].filter(Boolean).join(", ")
  const draw = () => {
    const group = svg("g", { class: ["variable", role, verdict].join(" ").trim() }, svg("title", {}, title))
    group.append(svg("rect", { width, height, rx: 8 }))
    if (role === "output")
      group.append(svg("rect", { class: "inner", x: 3, y: 3, width: width - 6, height: height - 6, rx: 5 }))
    const named = flags & 1 ? "n" : "u"
    rows.forEach(({ label, text, type }, n) => {
      if (label) group.append(words(n ? "k" : named, label, 11, 19 + n * 18))
      if (text) group.append(words(type, text, width - 11, 19 + n * 18))
    })
    if (verdict) group.append(sign(verdict, width - 4, 3))
    return group
  }
  return { size: [width, height], draw }
}

/**
 * @param {Large} large
 * @param {string} id
 * @returns {Card}
 */
function call({ functions, names, says, blamed }, id) {
  const [name, line, code, by] = functions[id]
  const label = names[name]
  const verdict = VERDICTS[code ?? 0]
  const below = by === undefined ? "" : names[by]
  const width = Math.round(Math.max(66, wide(label, 13) * 1.12 + 24, wide(below, 10.5) * 1.15 + 22))
  const height = 40
  const called = line ? fill(says.called, { name: label, line }) : label
  const state = says[`function-${verdict || "unchecked"}`]
  const title = [called, below, state].filter(Boolean).join(", ")
  const draw = () => {
    const kind = `function ${verdict}${blamed.includes(id) ? " blamed" : ""}`
    const ellipse = svg("ellipse", { cx: width / 2, cy: height / 2, rx: width / 2, ry: height / 2 })
    const group = svg("g", { class: kind }, svg("title", {}, title), ellipse)
    group.append(words("c", label, width / 2, below ? height / 2 : height / 2 + 4.5))
    if (below) {
      const text = words("k", below, width / 2, height / 2 + 13)
      text.setAttribute("text-anchor", "middle")
      group.append(text)
    }
    if (verdict) group.append(sign(verdict, width * 0.85, height * 0.12))
    return group
  }
  return { size: [width, height], draw }
}

/**
 * @param {Large} large
 * @param {string} id
 * @param {string[] | undefined} crowd rows of a box that cannot be opened
 * @returns {Card}
 */
function folded({ boxes, levels, says }, id, crowd) {
  const [flags, ...rows] = crowd ? /** @type {[number, ...string[]]} */ ([0, ...crowd]) : boxes[id]
  const widest = Math.max(wide(rows[0], 13), ...rows.slice(1).map((row) => wide(row, 10.5)))
  const width = Math.round(widest + 32)
  const height = rows.length * 17 + 16
  const fails = flags & 2
  const title = [...rows, fails ? says.holds_fail : ""].filter(Boolean).join(", ")
  const draw = () => {
    const group = svg("g", { class: fails ? "folded fail" : "folded" }, svg("title", {}, title))
    if (flags & 1) group.append(svg("rect", { x: 5, y: 5, width, height, rx: 5 }))
    group.append(svg("rect", { width, height, rx: 5 }))
    rows.forEach((row, n) => {
      group.append(words(n ? "s" : "h", row, width / 2, 21 + n * 17))
    })
    if (fails) group.append(sign("fail", width - 4, 3))
    if (!crowd && !levels[id]) close(group, says)
    return group
  }
  return { size: [width, height], draw }
}
