// Draws outputs in place of their readable part; if that fails, the readable part stays.
import { make } from "../shared/dom.js"
import { takePicture } from "./views.js"

/** @import { Payload } from "../payload" */
/** @import { Views } from "./page" */

let outputs = 0

/**
 * A function that draws an output wherever its identifier stands and nothing is drawn yet.
 *
 * @param {Views} views
 * @param {string} style
 * @param {(root: HTMLElement, data: Payload, prefix: string, views: Views) => void} draw
 * @returns {(data: Payload) => void}
 */
export function mountWith(views, style, draw) {
  document.head.append(make("style", {}, style))
  return (data) => {
    for (const root of /** @type {NodeListOf<HTMLElement>} */ (
      document.querySelectorAll(`[id="${data.id}"]:not(.ad-drawn)`)
    )) {
      takePicture(root, data)
      draw(root, data, `${data.id}-${++outputs}-`, views)
      root.classList.add("ad-drawn")
    }
  }
}
