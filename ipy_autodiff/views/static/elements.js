// What every part of the page is made with. What comes from the notebook becomes text nodes and attributes, never markup.

// A part, by its name in `data.show`: (data, page) => [element, show]. `show(step, moved)` brings it to a step, 0 before
// the first; `moved` is what a slider changed, if one did. See `mount.js` for `page`.
const PARTS = {}

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const name in attributes) element.setAttribute(name, attributes[name])
  element.append(...children)
  return element
}

function note(text) {
  return make("p", { class: "ad-note" }, text)
}

// The step of the Function that is blamed first; 0 where there is none.
function wrongStep(steps, [accused]) {
  return accused && accused[2] ? steps.findIndex((step) => step.active[0] === accused[2]) + 1 : 0
}
