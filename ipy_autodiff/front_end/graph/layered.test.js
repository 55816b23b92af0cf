import assert from "node:assert/strict"
import { test } from "node:test"
import { holds } from "./large.js"
import { layered } from "./layered.js"

test("edges between two ranks that can be drawn without a crossing have none", () => {
  // Three pairs whose order is turned round: 0–5, 1–4, 2–3.
  const { centres } = layered(
    Array(6).fill([40, 20]),
    [
      [0, 5],
      [1, 4],
      [2, 3],
    ],
    false,
  )
  const order = (/** @type {number[]} */ nodes) => [...nodes].sort((a, b) => centres[a][0] - centres[b][0])
  const above = order([0, 1, 2])
  const below = order([3, 4, 5])
  assert.deepEqual(
    above.map((node) => 5 - node),
    below,
  )
})

test("a box holds the Functions of its range", () => {
  assert.deepEqual(
    ["f2", "f3", "f16", "f17", "v5"].map((node) => holds("b3x17", node)),
    [false, true, true, false, false],
  )
})
