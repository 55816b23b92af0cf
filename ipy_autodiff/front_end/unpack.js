// What an output carries behind its packed `data`: the packed script, and how both are unpacked. `build.js` fills in
// PACKED and NAME. An inline script that adds an inline script runs wherever it may run itself, without a network.
// Where it may not, or where the browser cannot unpack, the readable part of the output stays as it is.

/** @param {string} text what was deflated, as base64 */
const unpack = (text) => {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text()
}
globalThis.ipyAutodiffPages ??= {}
const pages = globalThis.ipyAutodiffPages
pages[NAME] ??= (async () => {
  const script = document.createElement("script")
  script.textContent = await unpack(PACKED)
  document.head.append(script)
  script.remove()
  return globalThis.ipyAutodiffMount
})()
;(await pages[NAME])(JSON.parse(await unpack(data)))

export {}
