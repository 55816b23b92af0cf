/**
 * The sentence with its placeholders filled: `{name}` becomes `values.name`; one that has no value stays.
 *
 * @param {string} sentence
 * @param {Record<string, unknown>} values
 */
export function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole))
}
