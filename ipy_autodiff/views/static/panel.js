// A Variable's elements: value and gradient as maps, and with them the arrays that its elements come from and go into.
function drawArrays(one, { says, variables, calls }, prefix, account, choose) {
  const fill = (text, words) => text.replace(/\{(\w+)\}/g, (_, key) => words[key])
  const count = sizeOf(one.shape)
  const whole = ({ value }) => Boolean(value && !value.block)
  const swept = ({ gradient }) => Boolean(gradient && !gradient.block)
  const maps = []
  let held
  const place = variables.indexOf(one)
  const values = whole(one) && unpack(one.value), gradients = swept(one) && unpack(one.gradient)
  const told = make("p", { class: "ad-told", "aria-live": "polite" }, says.hint)
  const sum = make("div", { class: "ad-gathered" })
  const notes = []

  const point = (element, hold) => {
    if (hold) held = element
    const shown = element ?? held
    for (const map of maps) map.show(shown)
    tell(shown)
  }
  const own = make("div", { class: "ad-maps" })
  for (const what of ["value", "gradient"]) {
    const packed = one[what]
    if (!packed) continue
    const label = fill(says.map, { what: says[what], name: one.name, kind: one.kind })
    const [map, remarks] = packed.block ? blockMap(packed, says, fill, says[what], label, one) : [whole(one) && drawMap({
      values: what === "value" ? values : gradients, shape: one.shape, title: says[what], label, id: `${prefix}-${one.id}-${what}`, point: count > 1 && point,
    }), []]
    if (!map) continue
    own.append(map.element)
    notes.push(...remarks)
    if (!packed.block) {
      maps.push({ show: (shown) => map.mark(shown) })
      const lost = [...unpack(packed)].filter((value) => !Number.isFinite(value)).length
      if (lost) notes.push(`${says[what]}: ${fill(says.lost, { n: lost })}`)
    }
  }
  const text = (call) => call.name + (call.where && " · " + call.where)

  // The neighbours: what goes into its creator beside what comes out of its consumers.
  const links = []
  if (values) {
    for (const call of calls) {
      const after = call.in.includes(place)
      if (!after && !call.out.includes(place)) continue
      if (!call.relations?.length) {
        const large = [...call.in, ...call.out].map((at) => variables[at]).find((other) => !whole(other))
        notes.push(large ? fill(says.too_large, large) : fill(says.unknown, { call: text(call) }))
        continue
      }
      const mine = after ? "in" : "out", theirs = after ? "out" : "in"
      const found = new Map()
      for (const relation of call.relations) {
        if (call[mine][relation[mine]] !== place) continue
        const other = call[theirs][relation[theirs]]
        if (!whole(variables[other])) continue
        if (!found.has(other)) found.set(other, [])
        found.get(other).push(follow(relation, call, variables)[after ? "outputs" : "inputs"])
      }
      for (const [other, walks] of found) {
        const variable = variables[other]
        const walk = (element) => walks.flatMap((each) => each(element))
        const what = after && swept(variable) ? "gradient" : "value"
        const way = make("button", { type: "button", class: "ad-link" }, variable.name)
        way.onclick = () => choose(variable.id)
        const map = drawMap({
          values: unpack(variable[what]), shape: variable.shape, small: true,
          title: [(after ? says.goes_into : says.comes_from) + " ", way, " · " + says[what]],
          label: fill(says.of_call, { what: says[what], name: variable.name }),
        })
        if (links.length < 8) {
          own.append(map.element)
          maps.push({ show: (shown) => map.mark(undefined, new Set(shown === undefined ? [] : walk(shown).map(([its]) => its))) })
        }
        links.push({ after, variable, call, walk })
      }
    }
  } else notes.push(fill(says.too_large, one))

  // Whether the lens knows all that the gradient is gathered from.
  const consumers = calls.filter((call) => call.in.includes(place) && call.out.some((out) => variables[out].gradient))
  const known = (call) => call.in.every((from, at) => from !== place || call.relations?.some((relation) => relation.in === at && (relation.d ?? relation.other)))
  const complete = consumers.length === one.rows.filter(([number]) => number).length && consumers.every(known)

  const tell = (shown) => {
    sum.replaceChildren()
    if (shown === undefined) return (told.textContent = says.hint)
    const element = elementName(one, shown)
    const words = { element, value: spell(values[shown]), gradient: gradients && spell(gradients[shown]) }
    const sentences = [fill(gradients ? says.with_gradient : says.element, words)]
    const terms = []
    for (const { after, variable, call, walk } of links) {
      const found = walk(shown)
      if (!found.length) continue
      const places = new Set(found.map(([its]) => its))
      sentences.push(fill(after ? says.feeds : says.is_from, { element, elements: elementNames(variable, places), call: text(call) }))
      if (!after || !swept(variable)) continue
      const theirs = unpack(variable.gradient)
      for (const [its, d] of found) if (d !== undefined) terms.push([elementName(variable, its), d, theirs[its], d * theirs[its]])
    }
    told.replaceChildren(...sentences.flatMap((sentence, i) => (i ? [make("br"), sentence] : [sentence])))
    if (one.old) terms.unshift([`⚠ ${says.before}`, , , unpack(one.old)[shown]])
    if (gradients && terms.length) sum.append(...drawTerms(terms, complete, gradients[shown], says, fill))
  }
  if (count === 1) {
    if (!links.length) return account
    point(0, true)
  }
  const beside = make("div", { class: "ad-beside" }, make("div", {}, ...account), sum)
  return [make("span", { class: "ad-note" }, " " + one.kind), own, ...(values ? [told] : []), beside, ...[...new Set(notes)].map(note)]
}

// One line for each element that the gradient is gathered from: `y[0, 2]`, `0.5 × 2`, `1`; and, where these are all, what they are together.
function drawTerms(terms, complete, gradient, says, fill) {
  const shown = terms.length > 6 ? terms.slice(0, 5) : terms
  const row = (...cells) => make("tr", {}, ...cells.map((cell, i) => make("td", i ? { class: "ad-number" } : {}, cell)))
  const rows = shown.map(([name, d, gy, part]) => row(name, d === undefined ? "" : `${spell(d)} × ${spell(gy)}`, spell(part)))
  const add = (parts) => parts.reduce((all, [, , , part]) => all + part, 0)
  const total = add(terms)
  const size = terms.reduce((all, [, , , part]) => all + Math.abs(part), Math.abs(gradient))
  if (shown.length < terms.length) rows.push(row(fill(says.rest, { n: terms.length - shown.length }), "", spell(add(terms.slice(shown.length)))))
  if (terms.length > 1 && complete) rows.push(row(says.sums_to, "", spell(total)))
  const drawn = [make("table", {}, make("caption", {}, says.gathers), make("tbody", {}, ...rows))]
  if (complete && Math.abs(total - gradient) > 1e-3 * size) drawn.push(make("p", { class: "ad-fail" }, "⚠ " + fill(says.not_the_sum, { gradient: spell(gradient) })))
  return drawn
}

// A large array in blocks; each is shown by its element that is furthest from zero.
function blockMap(packed, says, fill, title, label, { name, shape }) {
  const low = unpack(packed.low), high = unpack(packed.high)
  const values = low.map((value, i) => (Math.abs(value) > Math.abs(high[i]) ? value : high[i]))
  const [down, across] = packed.block
  const told = make("span", { class: "ad-note" })
  const point = (place) => {
    map.mark(place)
    if (place === undefined) return (told.textContent = "")
    const row = Math.floor(place / packed.blocks[1]) * down, column = (place % packed.blocks[1]) * across
    const range = (from, by, size) => `${from}:${Math.min(from + by, size)}`
    const at = shape.length === 1 ? range(column, across, shape[0]) : `${range(row, down, shape[0])}, ${range(column, across, shape[1])}`
    const element = shape.length > 2 ? name : `${name}[${at}]`
    told.textContent = fill(says.block, { element, low: spell(low[place]), high: spell(high[place]) })
  }
  const map = drawMap({ values, shape: packed.blocks[0] > 1 ? packed.blocks : [packed.blocks[1]], title, label, point })
  map.element.append(told)
  const notes = [fill(says.blocks, { down, across })]
  if (packed.lost) notes.push(`${title}: ${fill(says.lost, { n: packed.lost })}`)
  return [map, notes]
}
