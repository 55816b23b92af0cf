import assert from "node:assert/strict"
import { test } from "node:test"
import { holds } from "./large.js"
import { curve } from "./level.js"

test("a box holds the Functions of its range", () => {
  assert.deepEqual(
    ["f2", "f3", "f16", "f17", "v5"].map((node) => holds("b3x17", node)),
    [false, true, true, false, false],
  )
})

test("an edge ends in an arrowhead, unless a plate follows", () => {
  const way = [5, 1, 0, 10, 0, 20, 0, 30, 0, 5, 0, 5, 0, 9]
  assert.equal(curve(way, false), "M5 1c0 10 0 20 0 30 0 5 0 5 0 9")
  assert.equal(curve(way, true), "M5 1c0 10 0 20 0 30 0 5 0 5 0 9M1.4 34.0L5 40 8.6 34.0")
})
