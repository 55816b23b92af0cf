import assert from "node:assert/strict"
import { test } from "node:test"
import { calculate } from "./calculate.js"
import { judge, readNumbers } from "./judge.js"

const NAMES = { x: 0.5, gy: 3, 가: 7 }
for (const [text, value] of /** @type {const} */ ([
  ["1/3", 1 / 3],
  ["2*3", 6],
  ["-2**2", -4],
  ["2^3^2", 512],
  ["(1 + 2) * -3", -9],
  ["1e-3", 0.001],
  ["2 * x.data * gy", 3],
  ["np.exp(0)", 1],
  ["−2 × 3", -6],
  ["6 ÷ 4 · 2", 3],
  ["x", 0.5],
  ["가*2", 14],
  ["", NaN],
  ["2 3", NaN],
  ["alert(1)", NaN],
  ["constructor", NaN],
  ["__proto__", NaN],
  ["exp", NaN],
  ["(1", NaN],
  ["1)", NaN],
  ["*", NaN],
  ["1 if 1 else 2", NaN],
]))
  test(`a formula is calculated and never run: ${text}`, () => assert.equal(calculate(text, NAMES), value))

for (const [text, verdict] of [
  ["1, 2", "right"],
  ["[1 2]", "right"],
  ["[1.0, 2.001]", "right"],
  ["[[1], [4/2]]", "right"],
  ["[[1], \n [4/2],]", "right"],
  ["[1, 2, 3]", "count"],
  ["1", "count"],
  ["[2, 1]", "known"],
  ["one, two", "number"],
  ["[1, 2.1]", "wrong"],
])
  test(`a list may be written in several ways: ${text}`, () => {
    const judged = judge({ truth: [1, 2], tiny: 1e-9, known: [{ numbers: [2, 1], hint: 5 }], names: {} }, text)
    assert.equal(judged.verdict, verdict)
    if (judged.verdict === "known") assert.equal(judged.hint, 5)
  })

test("one number is the answer to several that are alike", () => {
  assert.equal(judge({ truth: [2, 2], tiny: 0, known: [], names: {} }, "2").verdict, "right")
})

test("a formula with spaces is one number where one is asked for", () => {
  assert.deepEqual(readNumbers("2 * x", { x: 3 }, 1), [6])
  assert.deepEqual(readNumbers("2 *x", { x: 3 }, 2), [6])
})
