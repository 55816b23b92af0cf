// Which elements of which Variables a Function's element comes from and goes into, by the relations that Python found.
import { bytesOf, indexOf, placeOf, sizeOf, unpack } from "../shared/arrays.js"

/** @import { Account, Call, Packed, Relation } from "../payload" */
/** @typedef {(place: number) => [place: number, derivative: number | undefined][]} Walk */

/**
 * A call's relation ready to be asked: what an element of the input goes into, what one of the output comes from.
 *
 * @param {Relation} relation
 * @param {Call} call
 * @param {Account[]} variables
 * @returns {{ outputs: Walk, inputs: Walk }}
 */
export function follow(relation, call, variables) {
  const x = variables[call.in[relation.in]]
  const y = variables[call.out[relation.out]]
  const d = typeof relation.d === "object" ? unpack(relation.d) : relation.d
  if (relation.from !== undefined) {
    const [from, to] = [relation.from, relation.to ?? 0].map(unpackPlaces)
    /** @type {(mine: ArrayLike<number>, theirs: ArrayLike<number>) => Walk} */
    const pick = (mine, theirs) => (place) => {
      /** @type {ReturnType<Walk>} */
      const found = []
      for (let i = 0; i < mine.length; i++)
        if (mine[i] === place) found.push([theirs[i], typeof d === "object" ? d[i] : d])
      return found
    }
    return { outputs: pick(from, to), inputs: pick(to, from) }
  }
  const shapeOf = (/** @type {Account} */ one) => one.shape ?? []
  const other = relation.other && variables[call.in[relation.other.input]]
  const factors = other && unpack(/** @type {Packed} */ (other.value))
  /** @type {(xPlace: number, yPlace: number, labels: Record<number, number>) => number | undefined} */
  const derivative = (xPlace, yPlace, labels) => {
    if (other && factors && relation.other) {
      const index = relation.other.labels.map((label) => labels[label] ?? 0)
      return factors[placeOf(index, shapeOf(other))]
    }
    return typeof d === "object" ? d[d.length === sizeOf(shapeOf(y)) ? yPlace : xPlace] : d
  }
  /** @type {(mine: Account, myLabels: number[], theirs: Account, theirLabels: number[], swap: boolean) => Walk} */
  const walk = (mine, myLabels, theirs, theirLabels, swap) => (place) => {
    /** @type {Record<number, number>} */
    const known = {}
    indexOf(place, shapeOf(mine)).forEach((at, axis) => {
      if (myLabels[axis] >= 0) known[myLabels[axis]] = at
    })
    let all = [{ index: /** @type {number[]} */ ([]), labels: known }]
    theirLabels.forEach((label, axis) => {
      const whole = () => Array.from({ length: shapeOf(theirs)[axis] }, (_, i) => i)
      const range = label < 0 ? [0] : label in known ? [known[label]] : whole()
      all = all.flatMap(({ index, labels }) =>
        range.map((i) => ({ index: [...index, i], labels: { ...labels, [label]: i } })),
      )
    })
    return all.map(({ index, labels }) => {
      const its = placeOf(index, shapeOf(theirs))
      return [its, swap ? derivative(its, place, labels) : derivative(place, its, labels)]
    })
  }
  const [xLabels, yLabels] = [relation.x ?? [], relation.y ?? []]
  return { outputs: walk(x, xLabels, y, yLabels, false), inputs: walk(y, yLabels, x, xLabels, true) }
}

/** @param {string | number} packed places, or how many where they are all in order */
function unpackPlaces(packed) {
  if (typeof packed === "number") return Array.from({ length: packed }, (_, i) => i)
  return new Uint16Array(bytesOf(packed).buffer)
}

/**
 * `x[1, 2]`; a single number by its name alone.
 *
 * @param {Account} variable
 * @param {number} place
 */
export function elementName({ name, shape = [] }, place) {
  return shape.length ? `${name}[${indexOf(place, shape).join(", ")}]` : name
}

/**
 * Several elements as a slice, `x[0:2, 1]`, where they are all that is in it; else the first of them.
 *
 * @param {Account} variable
 * @param {Set<number>} places
 */
export function elementNames(variable, places, most = 5) {
  const shape = variable.shape ?? []
  const all = [...places].map((place) => indexOf(place, shape))
  const ranges = shape.map((size, axis) => {
    const along = all.map((index) => index[axis])
    return { size, low: Math.min(...along), high: Math.max(...along) }
  })
  const inside = ranges.reduce((count, { low, high }) => count * (high - low + 1), 1)
  if (places.size === inside && places.size > 1) {
    const slices = ranges.map(({ size, low, high }) => {
      if (low === high) return low
      return high - low + 1 === size ? ":" : `${low}:${high + 1}`
    })
    return `${variable.name}[${slices.join(", ")}]`
  }
  const shown = [...places].slice(0, most).map((place) => elementName(variable, place))
  return shown.join(", ") + (places.size > most ? ", …" : "")
}
