/**
 * Round numbers from `low` to `high`: about `count` of them, in steps of 1, 2, 2.5 or 5 times a power of ten; in steps of
 * whole numbers only where `least` is 1.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} count
 * @param {number} least the smallest step
 */
export function ticks(low, high, count, least = 0) {
  const rough = (high - low) / count
  const digits = least ? [1, 2, 5] : [1, 2, 2.5, 5]
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = Math.max((digits.find((digit) => digit * power >= rough) ?? 10) * power, least)
  const found = []
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-9; index++)
    found.push(index * step + 0)
  return found
}

/**
 * A function that takes the numbers from `low` to `high` to places from `start` to `end`.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} start
 * @param {number} end
 */
export function linear(low, high, start, end) {
  return (/** @type {number} */ number) => start + ((number - low) / (high - low)) * (end - start)
}
