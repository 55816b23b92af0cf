import assert from "node:assert/strict"
import { test } from "node:test"
import { pair } from "./links.js"

/** @param {string | undefined} of */
const output = (of, connected = true, shared = false) => ({ of, connected, shared })

test("a model belongs to the output of its cell, whichever comes first", () => {
  assert.deepEqual(pair([output(undefined)], []), [undefined])
  assert.deepEqual(pair([output(undefined)], [{ of: "a" }]), ["a"])
  assert.deepEqual(pair([], [{ of: "a" }]), [])
})

test("a copy that was saved has no model, and the newest output takes the model", () => {
  assert.deepEqual(pair([output(undefined), output(undefined)], [{ of: "a" }]), [undefined, "a"])
})

test("an output keeps its model when another of the same content comes", () => {
  const models = [{ of: "a" }, { of: "b" }]
  assert.deepEqual(pair([output("a"), output(undefined)], models), ["a", "b"])
  assert.deepEqual(pair([output("a"), output(undefined)], models.slice(0, 1)), ["a", undefined])
})

test("an output whose kernel has ended does not take another's model", () => {
  assert.deepEqual(pair([output("ended"), output(undefined)], [{ of: "new" }]), ["ended", "new"])
  assert.deepEqual(pair([output("ended")], [{ of: "new" }]), ["ended"])
})

test("an output that is drawn again takes the model of the one that has left the page", () => {
  assert.deepEqual(pair([output("a", false), output(undefined)], [{ of: "a" }]), ["a", "a"])
})

test("two notebooks on one kernel have one model between them", () => {
  assert.deepEqual(pair([output(undefined)], [{ of: "a" }, { of: "a" }]), ["a"])
})

test("a second view of an output shares its model", () => {
  assert.deepEqual(pair([output("a"), output(undefined, true, true)], [{ of: "a" }]), ["a", "a"])
})
