// Ties the live models of kernels to the outputs of the page. Both come when they like, and each may come first.
// Outputs of one content have one identifier, so several may stand on a page: in two notebooks, in two cells of which
// one ran in a kernel that has ended, in a copy that was saved. Each model belongs to one of them: the newest that has none.

/** @import { Model } from "./page" */

/**
 * @typedef {object} Output
 * @property {Element} root
 * @property {string | undefined} of the model that it belongs to, once it belongs to one; it goes to no other
 * @property {(model: Model | undefined) => void} link
 *
 * @typedef {object} Live
 * @property {string} of models that are one in the kernel, because two notebooks share it, have one name
 * @property {Model} model
 *
 * @typedef {{ outputs: Map<string, Output[]>, models: Map<string, Live[]> }} Links
 */

/** @returns {Links} */
export function links() {
  globalThis.ipyAutodiffLinks ??= { outputs: new Map(), models: new Map() }
  return globalThis.ipyAutodiffLinks
}

/**
 * Which model each of the outputs belongs to; both are given oldest first.
 *
 * @param {readonly { of: string | undefined, connected: boolean, shared: boolean }[]} outputs
 * @param {readonly { of: string }[]} models
 * @returns {(string | undefined)[]}
 */
export function pair(outputs, models) {
  const found = outputs.map(({ of }) => of)
  for (const { of } of models) {
    if (outputs.some(({ connected, shared }, index) => connected && !shared && found[index] === of)) continue
    const free = outputs.findLastIndex(
      ({ connected, shared }, index) => connected && !shared && found[index] === undefined,
    )
    if (free >= 0) found[free] = of
  }
  // A second view of one output goes with the newest.
  return found.map((of, index) => (outputs[index].shared ? models.at(-1)?.of : of))
}

/**
 * Ties together what has come or gone of this identifier.
 *
 * @param {string} id
 */
export function tie(id) {
  const { outputs, models } = links()
  const live = models.get(id) ?? []
  const known = (outputs.get(id) ?? []).filter(({ root, of }) => root.isConnected || live.some((one) => one.of === of))
  outputs.set(id, known)
  const ties = pair(
    known.map(({ root, of }) => ({
      of,
      connected: root.isConnected,
      shared: root.closest(".jp-LinkedOutputView") !== null,
    })),
    live,
  )
  known.forEach((output, index) => {
    output.of = ties[index]
    output.link(live.findLast(({ of }) => of === output.of)?.model)
  })
}

/**
 * Makes an output known; what is given back takes it away.
 *
 * @param {string} id
 * @param {Output} output
 */
export function addOutput(id, output) {
  const { outputs } = links()
  outputs.set(id, [...(outputs.get(id) ?? []), output])
  tie(id)
  return () => {
    outputs.set(
      id,
      (outputs.get(id) ?? []).filter((other) => other !== output),
    )
  }
}

/**
 * Makes a model known; what is given back takes it away.
 *
 * @param {string} id
 * @param {Live} live
 */
export function addModel(id, live) {
  const { models } = links()
  models.set(id, [...(models.get(id) ?? []), live])
  tie(id)
  return () => {
    models.set(
      id,
      (models.get(id) ?? []).filter((other) => other !== live),
    )
    tie(id)
  }
}
