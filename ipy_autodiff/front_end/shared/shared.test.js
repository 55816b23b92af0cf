import assert from "node:assert/strict"
import { test } from "node:test"
import { indexOf, placeOf, sizeOf, unpack } from "./arrays.js"
import { linear, ticks } from "./axis.js"
import { fill } from "./fill.js"
import { formatNumber, formatTick } from "./numbers.js"

test("ticks are round numbers within the ends", () => {
  assert.deepEqual(ticks(0, 10, 5), [0, 2, 4, 6, 8, 10])
  assert.deepEqual(ticks(-1, 1, 4), [-1, -0.5, 0, 0.5, 1])
  assert.deepEqual(ticks(0.13, 0.19, 3), [0.14, 0.16, 0.18])
  assert.deepEqual(ticks(-7.4, -0.2, 4, 1), [-6, -4, -2])
  assert.deepEqual(ticks(1, 2.5, 4, 1), [1, 2])
})

test("zero among ticks has no sign", () => {
  assert.ok(ticks(-3, 3, 4).every((tick) => !Object.is(tick, -0)))
})

test("ticks of any two ends are within them, evenly spread, and neither few nor many", () => {
  let seed = 7
  const random = () => {
    seed = (seed * 16807) % 2147483647
    return seed / 2147483647
  }
  for (let trial = 0; trial < 500; trial++) {
    const low = (random() - 0.5) * 10 ** (random() * 12 - 6)
    const high = low + 10 ** (random() * 12 - 6)
    const found = ticks(low, high, 4)
    const room = (high - low) * 1e-6
    assert.ok(found.length >= 1 && found.length <= 6, `${low} ${high}: ${found}`)
    assert.ok(found.every((tick) => tick >= low - room && tick <= high + room))
  }
})

test("a place on a line", () => {
  assert.equal(linear(0, 10, 100, 0)(2.5), 75)
})

test("numbers as people write them", () => {
  assert.equal(formatNumber(0.1 + 0.2), "0.3")
  assert.equal(formatNumber(1e21), "1e21")
  assert.equal(formatNumber(-Infinity), "-inf")
  assert.equal(formatNumber(NaN), "nan")
  assert.equal(formatNumber(123456), "123460")
  assert.equal(formatTick(250000), "2.5e5")
})

test("placeholders are filled once, with text that is not read again", () => {
  assert.equal(fill("{a} and {b}", { a: "{b}", b: "$&" }), "{b} and $&")
  assert.equal(fill("{a} {missing}", { a: 0 }), "0 {missing}")
})

test("packed arrays and their indices", () => {
  const packed = Buffer.from(new Float64Array([1, -2.5]).buffer).toString("base64")
  assert.deepEqual([...unpack({ f8: packed })], [1, -2.5])
  for (const shape of [[], [5], [2, 3], [2, 1, 4]])
    for (let place = 0; place < sizeOf(shape); place++) assert.equal(placeOf(indexOf(place, shape), shape), place)
})
