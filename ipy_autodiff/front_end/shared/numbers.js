/**
 * A number as people write it: `0.5`, `1e-7`, `inf`.
 *
 * @param {number} value
 * @param {number} digits that count
 */
export function formatNumber(value, digits = 5) {
  return String(Number(value.toPrecision(digits)))
    .replace("e+", "e")
    .replace("Infinity", "inf")
    .replace("NaN", "nan")
}

/**
 * Short enough to stand beside an axis.
 *
 * @param {number} value
 */
export function formatTick(value) {
  const round = Number(value.toPrecision(4))
  return Math.abs(round) < 1e5 ? formatNumber(round) : round.toExponential().replace("e+", "e")
}
