import assert from "node:assert/strict"
import { test } from "node:test"
import { another, extent } from "./curve.js"

test("the axis shows all of a curve with a little air", () => {
  const [low, high] = extent([0, 1, 2, 3, 4]) ?? [NaN, NaN]
  assert.ok(low < 0 && low > -1 && high > 4 && high < 5)
})

test("the far end of a curve that runs away is cut", () => {
  const [, high] = extent([...Array(20).keys(), 1e13]) ?? [NaN, NaN]
  assert.ok(high < 100)
})

test("a flat curve has an axis, an empty one has none", () => {
  const [low, high] = extent([2, 2, null]) ?? [NaN, NaN]
  assert.ok(low < 2 && high > 2)
  assert.equal(extent([null, null]), null)
})

test("a measured slope is drawn where it differs, and where it is the only one", () => {
  assert.equal(another(4.74, 14.23), 14.23)
  assert.equal(another(14.2316, 14.2317), null)
  assert.equal(another(null, 6), 6)
  assert.equal(another(0, 0), null)
  assert.equal(another(3, undefined), null)
})
