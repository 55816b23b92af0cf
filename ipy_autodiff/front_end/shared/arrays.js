// Arrays as Python packs them, and where their elements stand.

/** @import { Packed } from "../payload" */

/** @param {string} text base64 */
export function bytesOf(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}

/**
 * The numbers of one packed array.
 *
 * @param {Packed} packed
 * @returns {Float32Array | Float64Array}
 */
export function unpack({ f8, f4 }) {
  const bytes = bytesOf(f8 ?? f4 ?? "").buffer
  return f8 === undefined ? new Float32Array(bytes) : new Float64Array(bytes)
}

/** @param {readonly number[]} shape */
export function sizeOf(shape) {
  return shape.reduce((all, size) => all * size, 1)
}

/**
 * The index of an element by its place in memory, in C order.
 *
 * @param {number} place
 * @param {readonly number[]} shape
 */
export function indexOf(place, shape) {
  const index = []
  let rest = place
  for (const size of [...shape].reverse()) {
    index.unshift(rest % size)
    rest = Math.floor(rest / size)
  }
  return index
}

/**
 * The place of an element in memory by its index.
 *
 * @param {readonly number[]} index
 * @param {readonly number[]} shape
 */
export function placeOf(index, shape) {
  return index.reduce((place, at, axis) => place * shape[axis] + at, 0)
}
