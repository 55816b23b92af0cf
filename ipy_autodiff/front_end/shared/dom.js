// What every view is made with. What comes from the notebook becomes text nodes and attributes, never markup.

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean>} attributes
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes = {}, ...children) {
  return dressed(document.createElement(tag), attributes, children)
}

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean>} attributes
 * @param {(Node | string)[]} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svg(tag, attributes = {}, ...children) {
  return dressed(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children)
}

/**
 * @template {Element} Some
 * @param {Some} element
 * @param {Record<string, string | number | boolean>} attributes
 * @param {(Node | string)[]} children
 */
function dressed(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value))
  element.append(...children)
  return element
}

/** @param {string} text */
export function note(text) {
  return make("p", { class: "ad-note" }, text)
}

/**
 * A button that looks like a word of the text around it.
 *
 * @param {string} text
 * @param {() => void} act
 * @param {string} title
 */
export function link(text, act, title = "") {
  const button = make("button", { type: "button", class: "ad-link", ...(title && { title }) }, text)
  button.onclick = act
  return button
}

/**
 * A picture that Python drew, as an element of this page.
 *
 * @param {string} text
 */
export function svgFrom(text) {
  const drawn = new DOMParser().parseFromString(text, "image/svg+xml").documentElement
  return /** @type {SVGSVGElement} */ (/** @type {unknown} */ (document.importNode(drawn, true)))
}

/**
 * Whether a key was pressed together with one that makes it a command of the browser or of the notebook.
 *
 * @param {KeyboardEvent} event
 */
export function isCommand(event, shift = false) {
  return event.ctrlKey || event.altKey || event.metaKey || (shift && event.shiftKey)
}

/** @param {Event} event */
export function consume(event) {
  event.preventDefault()
  event.stopPropagation()
}

/**
 * The middle of an element in the window.
 *
 * @param {Element} element
 * @returns {[number, number]}
 */
export function middle(element) {
  const box = element.getBoundingClientRect()
  return [box.x + box.width / 2, box.y + box.height / 2]
}

/**
 * Scrolls the frame, and nothing around it, until the node is in its middle.
 *
 * @param {Element} frame
 * @param {Element} node
 */
export function bring(frame, node) {
  const [x, y] = middle(node)
  const [toX, toY] = middle(frame)
  frame.scrollLeft += x - toX
  frame.scrollTop += y - toY
}
