import { calculate } from "./calculate.js"

/** @import { Question } from "../payload" */

/**
 * What an answer is: right, a known mistake with the place of what to say about it, wrong; or, where it cannot be
 * judged, that it holds no number or not as many as are asked for.
 *
 * @param {Pick<Question, "truth" | "tiny" | "known" | "names">} question
 * @param {string} text
 * @returns {{ verdict: "right" | "wrong" | "number" | "count" } | { verdict: "known", hint: number }}
 */
export function judge({ truth, tiny, known, names }, text) {
  const given = readNumbers(text, names, truth.length)
  if (!given) return { verdict: "number" }
  const alike = given.length === 1 && truth.length > 1
  const values = alike ? truth.map(() => given[0]) : given
  if (values.length !== truth.length) return { verdict: "count" }
  const meets = (/** @type {number[]} */ numbers) =>
    numbers.every((number, index) => Math.abs(values[index] - number) <= Math.max(0.005 * Math.abs(number), tiny))
  if (meets(truth)) return { verdict: "right" }
  const found = known.find(({ numbers }) => meets(numbers))
  if (found) return { verdict: "known", hint: found.hint }
  return { verdict: alike ? "count" : "wrong" }
}

/**
 * The numbers in an answer: one, or several with commas or spaces between and any brackets; null where it has none.
 *
 * @param {string} text
 * @param {Record<string, number>} names
 * @param {number} count how many are asked for
 */
export function readNumbers(text, names, count) {
  const bare = text.replace(/[[\]]/g, " ").trim()
  const spaced = count > 1 ? bare.split(/\s+/) : [bare]
  const parts = bare.includes(",") ? bare.replace(/,\s*$/, "").split(",") : spaced
  const values = parts.map((part) => calculate(part, names))
  if (values.every(Number.isFinite)) return values
  const whole = calculate(bare, names)
  return Number.isFinite(whole) ? [whole] : null
}
