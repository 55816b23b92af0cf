import assert from "node:assert/strict"
import { test } from "node:test"
import { arrange, colourScale } from "./heat_map.js"
import { elementName, elementNames, follow } from "./lens.js"

/** @param {string} name @param {number[]} shape */
const variable = (name, shape) => ({ id: name, name, rows: [], shape })
const call = { name: "F", where: "", in: [0], out: [1] }

test("an element by its index, several as a slice", () => {
  const x = variable("x", [3, 4])
  assert.equal(elementName(x, 6), "x[1, 2]")
  assert.equal(elementName(variable("s", []), 0), "s")
  assert.equal(elementNames(x, new Set([4, 5, 6, 7])), "x[1, :]")
  assert.equal(elementNames(x, new Set([0, 1, 4, 5])), "x[0:2, 0:2]")
  assert.equal(elementNames(x, new Set([0, 5])), "x[0, 0], x[1, 1]")
})

test("a sum over an axis goes from a row to its element and back", () => {
  const variables = [variable("x", [2, 3]), variable("y", [2])]
  const { outputs, inputs } = follow({ in: 0, out: 0, x: [0, 1], y: [0], d: 1 }, call, variables)
  assert.deepEqual(outputs(4), [[1, 1]])
  assert.deepEqual(
    inputs(1).map(([place]) => place),
    [3, 4, 5],
  )
})

test("places that were packed lead both ways", () => {
  const variables = [variable("x", [4]), variable("y", [2])]
  const from = Buffer.from(new Uint16Array([3, 1]).buffer).toString("base64")
  const { outputs, inputs } = follow({ in: 0, out: 0, from, to: 2, d: 2 }, call, variables)
  assert.deepEqual(outputs(3), [[0, 2]])
  assert.deepEqual(outputs(0), [])
  assert.deepEqual(inputs(1), [[1, 2]])
})

test("a long vector wraps, a third axis makes tiles with a gap between", () => {
  const long = arrange([12], 5)
  assert.deepEqual([long.rows, long.columns, long.at(2, 1), long.at(2, 2)], [3, 5, 11, undefined])
  const tiles = arrange([4, 2, 2], 50)
  assert.deepEqual([tiles.rows, tiles.columns, tiles.at(0, 2), tiles.at(0, 3)], [5, 5, undefined, 4])
})

test("colours are around zero where there are both signs, and leave out what is not finite", () => {
  assert.equal(colourScale([-1, 4]).share(-4), -1)
  assert.deepEqual([colourScale([2, 4]).low, colourScale([3, 4]).low], [2, 3])
  assert.equal(colourScale([NaN, 0, 4, Infinity]).high, 4)
})
