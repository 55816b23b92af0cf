const FUNCTIONS = new Map(
  Object.entries({
    exp: Math.exp,
    log: Math.log,
    ln: Math.log,
    sqrt: Math.sqrt,
    sin: Math.sin,
    cos: Math.cos,
    tan: Math.tan,
    tanh: Math.tanh,
    abs: Math.abs,
  }),
)
const CONSTANTS = new Map(Object.entries({ pi: Math.PI, e: Math.E }))
const TOKENS = /(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|\*\*|[-+*/^()]|[\p{L}_][\p{L}\p{N}_.]*|\S/giu

/**
 * The value of a formula such as `2*x*gy` or `-1/3`, with what `names` names; NaN where it has none.
 *
 * @param {string} text
 * @param {Record<string, number>} names
 */
export function calculate(text, names = {}) {
  const plain = text.replaceAll("−", "-").replaceAll("×", "*").replaceAll("·", "*").replaceAll("÷", "/")
  const tokens = plain.match(TOKENS) ?? []
  let next = 0
  const take = (/** @type {string[]} */ ...wanted) => (wanted.includes(tokens[next]) ? tokens[next++] : "")
  /** @returns {number} */
  const sum = () => {
    let value = product()
    for (let sign = take("+", "-"); sign; sign = take("+", "-"))
      value = sign === "+" ? value + product() : value - product()
    return value
  }
  const product = () => {
    let value = signed()
    for (let sign = take("*", "/"); sign; sign = take("*", "/"))
      value = sign === "*" ? value * signed() : value / signed()
    return value
  }
  /** @returns {number} */
  const signed = () => {
    const sign = take("-", "+")
    if (!sign) return power()
    return sign === "-" ? -signed() : signed()
  }
  const power = () => {
    const base = atom()
    return take("**", "^") ? base ** signed() : base
  }
  /** @returns {number} */
  const atom = () => {
    if (take("(")) {
      const value = sum()
      return take(")") ? value : NaN
    }
    const token = tokens[next++] ?? ""
    if (/^[\d.]/.test(token)) return Number(token)
    const name = token.replace(/^(np|numpy|math)\./, "").replace(/\.data$/, "")
    if (Object.hasOwn(names, name)) return names[name]
    const called = tokens[next] === "(" && FUNCTIONS.get(name)
    return called ? called(atom()) : (CONSTANTS.get(name) ?? NaN)
  }
  const value = sum()
  return next === tokens.length ? value : NaN
}
