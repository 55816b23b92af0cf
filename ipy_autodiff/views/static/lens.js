// Which elements of which Variables a Function's element comes from and goes into, by the relations that Python found.

// A call's relation ready to be asked: `outputs(place)` and `inputs(place)` give pairs of a flat place and a derivative.
function follow(relation, call, variables) {
  const x = variables[call.in[relation.in]], y = variables[call.out[relation.out]]
  const d = typeof relation.d === "object" ? unpack(relation.d) : relation.d
  if (relation.from !== undefined) {
    const [from, to] = [relation.from, relation.to].map(unpackPlaces)
    const pick = (mine, theirs) => (place) => {
      const found = []
      for (let i = 0; i < mine.length; i++) if (mine[i] === place) found.push([theirs[i], typeof d === "object" ? d[i] : d])
      return found
    }
    return { outputs: pick(from, to), inputs: pick(to, from) }
  }
  const other = relation.other && variables[call.in[relation.other[0]]]
  const factors = other && unpack(other.value)
  const derivative = (xPlace, yPlace, labels) => {
    if (other) return factors[flat(relation.other[1].map((label) => labels[label] ?? 0), other.shape)]
    return typeof d === "object" ? d[d.length === sizeOf(y.shape) ? yPlace : xPlace] : d
  }
  const walk = (mine, myLabels, theirs, theirLabels, swap) => (place) => {
    const known = {}
    index(place, mine.shape).forEach((at, axis) => myLabels[axis] >= 0 && (known[myLabels[axis]] = at))
    let all = [{ at: [], labels: known }]
    theirLabels.forEach((label, axis) => {
      const range = label < 0 ? [0] : label in known ? [known[label]] : Array.from({ length: theirs.shape[axis] }, (_, i) => i)
      all = all.flatMap(({ at, labels }) => range.map((i) => ({ at: [...at, i], labels: { ...labels, [label]: i } })))
    })
    return all.map(({ at, labels }) => {
      const its = flat(at, theirs.shape)
      return [its, swap ? derivative(its, place, labels) : derivative(place, its, labels)]
    })
  }
  return { outputs: walk(x, relation.x, y, relation.y, false), inputs: walk(y, relation.y, x, relation.x, true) }
}

function unpackPlaces(packed) {
  if (typeof packed === "number") return Array.from({ length: packed }, (_, i) => i)
  return new Uint16Array(Uint8Array.from(atob(packed), (c) => c.charCodeAt()).buffer)
}

function sizeOf(shape) {
  return shape.reduce((all, size) => all * size, 1)
}

function index(place, shape) {
  const at = []
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    at.unshift(place % shape[axis])
    place = Math.floor(place / shape[axis])
  }
  return at
}

function flat(at, shape) {
  return at.reduce((place, i, axis) => place * shape[axis] + i, 0)
}

// `x[1, 2]`; a single number by its name alone.
function elementName({ name, shape }, place) {
  return shape.length ? `${name}[${index(place, shape).join(", ")}]` : name
}

// Several elements as a slice, `x[0:2, 1]`, where they are all that is in it; else the first of them.
function elementNames(variable, places, most = 5) {
  const all = [...places].map((place) => index(place, variable.shape))
  const ranges = variable.shape.map((_, axis) => all.reduce(([low, high], at) => [Math.min(low, at[axis]), Math.max(high, at[axis])], [Infinity, -1]))
  if (places.size === ranges.reduce((count, [low, high]) => count * (high - low + 1), 1) && places.size > 1)
    return `${variable.name}[${ranges.map(([low, high], axis) => (low === high ? low : high - low + 1 === variable.shape[axis] ? ":" : `${low}:${high + 1}`)).join(", ")}]`
  const shown = [...places].slice(0, most).map((place) => elementName(variable, place))
  return shown.join(", ") + (places.size > most ? ", …" : "")
}
