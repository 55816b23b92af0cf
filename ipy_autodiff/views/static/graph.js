// The picture and a function that shows it at a step. A click on a Function asks for the step of its backward.
PARTS.graph = (data, page) => {
  const steps = data.steps || []
  const svg = document.importNode(new DOMParser().parseFromString(data.svg, "image/svg+xml").documentElement, true)
  const figure = make("figure", { "data-autodiff": "graph" }, svg)
  const prefix = data.id + "-"
  let shown
  const find = (id) => svg.querySelector(`[id="${prefix}${id}"]`)
  const texts = (selector) => [...svg.querySelectorAll(selector)].map((text) => [text, text.parentNode.id.slice(prefix.length), text.textContent])
  const gradients = texts(".grad"), values = texts(".d:not(.grad)")
  svg.onclick = (event) => {
    const id = event.target.closest(".function")?.id.slice(prefix.length)
    const index = steps.findIndex((step) => step.active[0] === id)
    if (id && index >= 0) page.go(index + 1)
  }
  const show = (step, moved) => {
    const now = { ...data.start }
    for (const { grads } of steps.slice(0, step)) Object.assign(now, grads)
    const fresh = moved && moved.step === step && moved.grads
    for (const [text, id, last] of gradients) {
      if (fresh) put(text, moved.grads[moved.order.indexOf(id)])
      else if (!moved) put(text, step ? now[id] || "" : last)
    }
    for (const [text, id, last] of values) if (!moved || moved.data) put(text, moved?.data[moved.order.indexOf(id)] ?? last)
    figure.classList.toggle("ad-stale", Boolean(moved && !fresh))
    figure.classList.toggle("ad-moved", Boolean(moved))
    if (shown === step) return
    shown = step
    for (const old of svg.querySelectorAll(".active")) old.classList.remove("active")
    const active = step ? steps[step - 1].active.map(find) : []
    for (const element of active) element?.classList.add("active")
    if (!active[0]) return
    const box = active[0].getBoundingClientRect(), frame = figure.getBoundingClientRect()
    figure.scrollLeft += box.x + box.width / 2 - frame.x - frame.width / 2
    figure.scrollTop += box.y + box.height / 2 - frame.y - frame.height / 2
  }
  return [figure, show]
}

// A text of the picture, pressed together where it is longer than the room that its card has.
function put(text, words) {
  if (text.textContent === words) return
  text.textContent = words
  const room = text.parentNode.querySelector("rect").width.baseVal.value - 56
  const wide = words.length * 7.4
  if (wide > room) text.setAttribute("textLength", room)
  else text.removeAttribute("textLength")
  text.setAttribute("lengthAdjust", "spacingAndGlyphs")
}
