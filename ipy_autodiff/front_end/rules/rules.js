// One graph swept by the rules of the book's stages: a column for each, and one slider that goes through the calls of all.
import { consume, isCommand, link, make, note, svgFrom } from "../shared/dom.js"
import { fill } from "../shared/fill.js"

/** @import { RuleColumn, Rules } from "../payload" */
/** @import { View } from "../output/page" */

/** @type {View} */
export const rulesView = (data) => {
  const rules = /** @type {Rules} */ (data.rules)
  const { sentences, columns, chain, most, says, numerical } = rules
  const section = make("section", { "data-autodiff": "rules" })
  if (!columns) {
    section.append(...sentences.map(note))
    return [section, () => {}]
  }
  let at = most
  const range = make("input", { type: "range", min: 0, max: most, step: 1, "aria-label": says.slider })
  const place = make("span", { class: "ad-place", role: "status" })
  const arrow = (/** @type {string} */ name, /** @type {string} */ sign, /** @type {number} */ by) => {
    const face = { type: "button", class: "ad-text", title: says[name], "aria-label": says[name] }
    const button = make("button", face, sign)
    button.onclick = () => go(at + by)
    return button
  }
  const back = arrow("previous", "‹", -1)
  const on = arrow("next", "›", 1)
  const go = (/** @type {number} */ to) => {
    at = Math.max(0, Math.min(most, to))
    range.value = String(at)
    const words = at ? fill(says.place, { call: at, calls: most }) : says.start
    place.textContent = words
    range.setAttribute("aria-valuetext", words)
    section.dataset.call = String(at)
    back.disabled = !at
    on.disabled = at === most
    for (const { show } of drawn) show(at)
  }
  const drawn = columns.map((column) => drawRule(column, rules, go))
  range.oninput = () => go(Number(range.value))
  const side = make(
    "div",
    { role: "group", "aria-label": says.group, tabindex: 0, "data-lm-suppress-shortcuts": "true" },
    make("div", { class: "ad-rules-bar" }, back, range, on, place),
    make("div", { class: "ad-rules" }, ...drawn.map(({ element }) => element)),
  )
  side.onkeydown = (event) => {
    if (isCommand(event, true)) return
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: most }[event.key]
    if (to === undefined) return
    consume(event)
    go(to)
  }
  const heading = make("p", {}, make("b", {}, says.heading))
  section.append(heading, ...sentences.map((sentence) => make("p", {}, sentence)))
  if (numerical) {
    const { label, values } = numerical
    const measured = columns[0].left.map(({ leaf }, index) => `${leaf} = ${values[index]}`)
    section.append(note(`${label}: ${measured.join(", ")}`))
  }
  section.append(chain ? make("details", {}, make("summary", {}, says.show), side) : side)
  go(most)
  return [section, () => {}]
}

/**
 * One rule: what it says, the small graph, the call that is shown and what the rule left in the leaves.
 *
 * @param {RuleColumn} column
 * @param {Rules} rules
 * @param {(call: number) => void} go
 */
function drawRule(column, { says, svg, start }, go) {
  const { name, step, rule, calls, total, wrong, blamed, why, left } = column
  const picture = make("div", { class: "ad-rule-graph", "aria-hidden": "true" })
  if (svg) picture.append(svgFrom(svg))
  const nodes = /** @type {SVGGElement[]} */ ([...picture.querySelectorAll("[data-node]")])
  const paths = /** @type {SVGPathElement[]} */ ([...picture.querySelectorAll("[data-ends]")])
  const heading = make("p", { class: "ad-rule-now" })
  const lines = make("ul")
  const order = calls.map(({ title }) => make("li", {}, title.split(".")[0]))
  const result = make("div")
  for (const { leaf, gradient, verdict, right } of left) {
    const number = make("b", {}, `${leaf} = ${gradient}`)
    result.append(make("p", { class: right ? "ad-pass" : "ad-fail" }, number, ` ${right ? "✓" : "✗"} ${verdict}`))
  }
  const fault = make("div")
  if (why) fault.append(make("p", { class: wrong ? "ad-blame" : "ad-note" }, why))
  if (column.link) fault.append(link(column.link, () => go(wrong)))
  const element = make(
    "div",
    { class: "ad-rule", role: "group", "aria-label": name },
    make("p", { class: "ad-head" }, make("b", {}, name), make("span", {}, step)),
    note(rule),
    picture,
    make("ol", { class: "ad-rule-order" }, ...order),
    heading,
    lines,
    result,
    fault,
  )
  const show = (/** @type {number} */ at) => {
    const over = at >= calls.length
    const past = at > calls.length
    const call = past ? undefined : calls[at - 1]
    const changed = call?.gradients ?? {}
    const now = Object.assign({}, start, ...calls.slice(0, at).map(({ gradients }) => gradients))
    for (const node of nodes) {
      const own = node.dataset.node ?? ""
      const text = node.querySelector(".gradient")
      if (text) text.textContent = now[own] || ""
      node.classList.toggle("active", own === call?.function || own in changed)
      node.classList.toggle("wrong", Boolean(wrong) && at >= wrong && own === blamed)
      if (own === call?.function) bringDown(picture, node)
    }
    for (const path of paths) {
      const [tail, head] = (path.dataset.ends ?? "").split(" ")
      path.classList.toggle("active", head === call?.function && tail in changed)
    }
    order.forEach((item, index) => {
      item.classList.toggle("active", index === at - 1)
      item.classList.toggle("wrong", index === wrong - 1)
      item.classList.toggle("later", index >= at)
    })
    element.classList.toggle("ad-over", past)
    element.classList.toggle("ad-wrong", Boolean(wrong) && at >= wrong)
    const words = call ? `${at}. ${call.title}` : says.start
    heading.textContent = past ? fill(says.done, { calls: total }) : words
    lines.replaceChildren(...(call?.lines ?? []).map((line) => make("li", {}, line)))
    result.hidden = !over
    fault.hidden = wrong ? at < wrong && at > 0 : !over
  }
  return { element, show }
}

/**
 * @param {Element} frame
 * @param {Element} node
 */
function bringDown(frame, node) {
  const [box, around] = [node.getBoundingClientRect(), frame.getBoundingClientRect()]
  frame.scrollTop += box.y + box.height / 2 - around.y - around.height / 2
}
