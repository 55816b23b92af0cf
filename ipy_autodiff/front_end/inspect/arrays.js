// A Variable's elements: value and gradient as maps, and with them the arrays that its elements come from and go into.
import { sizeOf, unpack } from "../shared/arrays.js"
import { link, make, note } from "../shared/dom.js"
import { fill } from "../shared/fill.js"
import { formatNumber } from "../shared/numbers.js"
import { drawMap } from "./heat_map.js"
import { elementName, elementNames, follow } from "./lens.js"

/** @import { Account, Blocks, Call, Packed } from "../payload" */
/** @import { Walk } from "./lens.js" */
/** @typedef {Record<string, string>} Says */
/**
 * One element that a gradient is gathered from.
 *
 * @typedef {object} Term
 * @property {string} name
 * @property {number} [d] the derivative with respect to it
 * @property {number} [gy] its gradient
 * @property {number} part what it adds
 */

/**
 * @param {Packed | Blocks | undefined} packed
 * @returns {packed is Packed}
 */
const isWhole = (packed) => Boolean(packed && !("block" in packed))

/** @type {import("./inspect.js").DrawArrays} */
export function drawArrays(one, { says, variables, calls = [] }, account, page) {
  const shape = one.shape ?? []
  const place = variables.indexOf(one)
  const values = isWhole(one.value) ? unpack(one.value) : undefined
  const gradients = isWhole(one.gradient) ? unpack(one.gradient) : undefined
  const pointed = make("p", { class: "ad-pointed", "aria-live": "polite" }, says.hint)
  const sum = make("div", { class: "ad-gathered" })
  const own = make("div", { class: "ad-maps" })
  /** @type {((shown: number | undefined) => void)[]} */
  const shows = []
  /** @type {number | undefined} */
  let held

  const point = (/** @type {number | undefined} */ element, /** @type {boolean} */ hold) => {
    if (hold) held = element
    const shown = element ?? held
    for (const show of shows) show(shown)
    describe(shown)
  }
  /** @type {string[]} */
  const notes = []
  const several = sizeOf(shape) > 1
  for (const what of /** @type {const} */ (["value", "gradient"])) {
    const packed = one[what]
    if (!packed) continue
    const label = fill(says.map, { what: says[what], name: one.name, kind: one.kind })
    if (!isWhole(packed)) {
      own.append(blockMap(packed, says, says[what], label, one, notes))
      continue
    }
    if (!values) continue
    const numbers = unpack(packed)
    const id = `${page.prefix}${one.id}-${what}`
    const map = drawMap({ values: numbers, shape, title: [says[what]], label, id, point: several ? point : undefined })
    own.append(map.element)
    shows.push((shown) => map.mark(shown))
    const lost = [...numbers].filter((value) => !Number.isFinite(value)).length
    if (lost) notes.push(`${says[what]}: ${fill(says.lost, { n: lost })}`)
  }
  const neighbours = values ? neighboursOf(place, variables, calls, says, notes) : []
  if (!values) notes.push(fill(says.too_large, { name: one.name }))
  neighbours.slice(0, MOST_NEIGHBOURS).forEach(({ after, variable, walk }) => {
    const gradient = after && isWhole(variable.gradient)
    const packed = /** @type {Packed} */ (gradient ? variable.gradient : variable.value)
    const what = gradient ? says.gradient : says.value
    const way = link(variable.name, () => page.choose(variable.id))
    const map = drawMap({
      values: unpack(packed),
      shape: variable.shape ?? [],
      small: true,
      title: [`${after ? says.goes_into : says.comes_from} `, way, ` · ${what}`],
      label: fill(says.of_call, { what, name: variable.name }),
    })
    own.append(map.element)
    shows.push((shown) => map.mark(undefined, new Set(shown === undefined ? [] : walk(shown).map(([its]) => its))))
  })

  const complete = isComplete(one, place, variables, calls)
  const describe = (/** @type {number | undefined} */ shown) => {
    sum.replaceChildren()
    if (shown === undefined || !values) return pointed.replaceChildren(says.hint)
    const element = elementName(one, shown)
    const value = formatNumber(values[shown])
    const gradient = gradients && formatNumber(gradients[shown])
    const sentences = [fill(gradients ? says.with_gradient : says.element, { element, value, gradient })]
    /** @type {Term[]} */
    const terms = []
    for (const { after, variable, call, walk } of neighbours) {
      const found = walk(shown)
      if (!found.length) continue
      const elements = elementNames(variable, new Set(found.map(([its]) => its)))
      sentences.push(fill(after ? says.feeds : says.is_from, { element, elements, call: titleOf(call) }))
      if (!after || !isWhole(variable.gradient)) continue
      const theirs = unpack(variable.gradient)
      for (const [its, d] of found)
        if (d !== undefined) terms.push({ name: elementName(variable, its), d, gy: theirs[its], part: d * theirs[its] })
    }
    pointed.replaceChildren(...sentences.flatMap((sentence, i) => (i ? [make("br"), sentence] : [sentence])))
    if (one.old) terms.unshift({ name: `⚠ ${says.before}`, part: unpack(one.old)[shown] })
    if (gradients && terms.length) sum.append(...drawTerms(terms, complete, gradients[shown], says))
  }
  if (!several) {
    if (!neighbours.length) return account
    point(0, true)
  }
  const beside = make("div", { class: "ad-beside" }, make("div", {}, ...account), sum)
  const kind = make("span", { class: "ad-note" }, ` ${one.kind}`)
  return [kind, own, ...(values ? [pointed] : []), beside, ...[...new Set(notes)].map(note)]
}

const MOST_NEIGHBOURS = 8

/** @param {Call} call */
function titleOf({ name, where }) {
  return name + (where && ` · ${where}`)
}

/**
 * What goes into a Variable's creator, and what comes out of its consumers; why one is not shown goes to `notes`.
 *
 * @param {number} place
 * @param {Account[]} variables
 * @param {Call[]} calls
 * @param {Says} says
 * @param {string[]} notes
 */
function neighboursOf(place, variables, calls, says, notes) {
  /** @type {{ after: boolean, variable: Account, call: Call, walk: Walk }[]} */
  const found = []
  for (const call of calls) {
    const after = call.in.includes(place)
    if (!after && !call.out.includes(place)) continue
    if (!call.relations?.length) {
      const large = [...call.in, ...call.out].map((at) => variables[at]).find(({ value }) => !isWhole(value))
      notes.push(large ? fill(says.too_large, { name: large.name }) : fill(says.unknown, { call: titleOf(call) }))
      continue
    }
    /** @type {Map<number, Walk[]>} */
    const walks = new Map()
    for (const relation of call.relations) {
      const [x, y] = [call.in[relation.in], call.out[relation.out]]
      const [mine, other] = after ? [x, y] : [y, x]
      if (mine !== place || !isWhole(variables[other].value)) continue
      const { inputs, outputs } = follow(relation, call, variables)
      walks.set(other, [...(walks.get(other) ?? []), after ? outputs : inputs])
    }
    for (const [other, all] of walks)
      found.push({ after, variable: variables[other], call, walk: (at) => all.flatMap((walk) => walk(at)) })
  }
  return found
}

/**
 * Whether all that a gradient is gathered from is known.
 *
 * @param {Account} one
 * @param {number} place
 * @param {Account[]} variables
 * @param {Call[]} calls
 */
function isComplete(one, place, variables, calls) {
  const consumers = calls.filter((call) => call.in.includes(place) && call.out.some((out) => variables[out].gradient))
  const isKnown = (/** @type {Call} */ call) =>
    call.in.every(
      (from, at) =>
        from !== place || call.relations?.some((relation) => relation.in === at && (relation.d ?? relation.other)),
    )
  return consumers.length === one.rows.filter(({ step }) => step).length && consumers.every(isKnown)
}

/**
 * One line for each element that the gradient is gathered from: `y[0, 2]`, `0.5 × 2`, `1`; and, where these are all,
 * what they are together.
 *
 * @param {Term[]} terms
 * @param {boolean} complete
 * @param {number} gradient
 * @param {Says} says
 */
function drawTerms(terms, complete, gradient, says) {
  const shown = terms.length > 6 ? terms.slice(0, 5) : terms
  const row = (/** @type {string[]} */ ...cells) =>
    make("tr", {}, ...cells.map((cell, i) => make("td", i ? { class: "ad-number" } : {}, cell)))
  const product = (/** @type {Term} */ { d, gy }) =>
    d === undefined || gy === undefined ? "" : `${formatNumber(d)} × ${formatNumber(gy)}`
  const rows = shown.map((term) => row(term.name, product(term), formatNumber(term.part)))
  const add = (/** @type {Term[]} */ parts) => parts.reduce((all, { part }) => all + part, 0)
  const total = add(terms)
  const size = terms.reduce((all, { part }) => all + Math.abs(part), Math.abs(gradient))
  const rest = terms.slice(shown.length)
  if (rest.length) rows.push(row(fill(says.rest, { n: rest.length }), "", formatNumber(add(rest))))
  if (terms.length > 1 && complete) rows.push(row(says.sums_to, "", formatNumber(total)))
  const table = make("table", {}, make("caption", {}, says.gathers), make("tbody", {}, ...rows))
  if (!complete || Math.abs(total - gradient) <= 1e-3 * size) return [table]
  const remark = fill(says.not_the_sum, { gradient: formatNumber(gradient) })
  return [table, make("p", { class: "ad-fail" }, `⚠ ${remark}`)]
}

/**
 * A large array in blocks; each is shown by its element that is furthest from zero. Remarks go to `notes`.
 *
 * @param {Blocks} packed
 * @param {Says} says
 * @param {string} title
 * @param {string} label
 * @param {Account} variable
 * @param {string[]} notes
 */
function blockMap(packed, says, title, label, { name, shape = [] }, notes) {
  const low = unpack(packed.low)
  const high = unpack(packed.high)
  const values = low.map((value, i) => (Math.abs(value) > Math.abs(high[i]) ? value : high[i]))
  const { rows: down, columns: across } = packed.block
  const pointed = make("span", { class: "ad-note" })
  const point = (/** @type {number | undefined} */ place) => {
    map.mark(place)
    if (place === undefined) return pointed.replaceChildren()
    const row = Math.floor(place / packed.columns) * down
    const column = (place % packed.columns) * across
    const range = (/** @type {number} */ from, /** @type {number} */ by, /** @type {number} */ size) =>
      `${from}:${Math.min(from + by, size)}`
    const last = range(column, across, shape[shape.length - 1])
    const at = shape.length === 1 ? last : `${range(row, down, shape[0])}, ${last}`
    const element = shape.length > 2 ? name : `${name}[${at}]`
    pointed.textContent = fill(says.block, { element, low: formatNumber(low[place]), high: formatNumber(high[place]) })
  }
  const blocks = packed.rows > 1 ? [packed.rows, packed.columns] : [packed.columns]
  const map = drawMap({ values, shape: blocks, title: [title], label, point })
  map.element.append(pointed)
  notes.push(fill(says.blocks, { down, across }))
  if (packed.lost) notes.push(`${title}: ${fill(says.lost, { n: packed.lost })}`)
  return map.element
}
