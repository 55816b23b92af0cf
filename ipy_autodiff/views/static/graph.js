// The picture and a function that shows it at a step. A click on a Function asks for the step of its backward.
PARTS.graph = (data, page) => {
  const svg = document.importNode(new DOMParser().parseFromString(data.svg, "image/svg+xml").documentElement, true)
  const figure = make("figure", { "data-autodiff": "graph", "data-lm-suppress-shortcuts": "true" }, svg)
  if (data.large) return openable(data, page, figure, svg)
  return [figure, picture(data, page, figure, svg, ({ active }) => active)]
}

// A function that shows the picture in `frame` at a step. `around(step)` names what is active; `open` opens a box.
function picture(data, page, frame, svg, around, open) {
  const steps = data.steps || []
  const prefix = data.id + "-"
  let shown
  const find = (id) => svg.querySelector(`[id="${prefix}${id}"]`)
  const texts = (selector) => [...svg.querySelectorAll(selector)].map((text) => [text, text.parentNode.id.slice(prefix.length), text.textContent])
  const gradients = texts(".grad"), values = texts(".d:not(.grad)")
  const nodes = [...svg.querySelectorAll(".variable, .function, .folded[id]")]
  const rove = (to) => nodes.forEach((node) => (node.tabIndex = node === to ? 0 : -1))
  for (const node of nodes) {
    node.setAttribute("role", "button")
    node.onfocus = () => rove(node)
  }
  rove(nodes[0])
  svg.onclick = (event) => {
    const node = event.target.closest("[role=button]")
    if (!node) return
    const id = node.id.slice(prefix.length)
    const index = steps.findIndex((step) => step.active[0] === id)
    if (index >= 0) page.go(index + 1)
    if (node.matches(".folded")) open?.(id)
    else page.choose(id)
  }
  // Arrow keys move to the nearest node on that side; Page Down and Page Up come to all, in their order.
  svg.onkeydown = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key]
    const turn = { PageDown: 1, PageUp: -1 }[event.key]
    if (turn) nodes.at((nodes.indexOf(event.target) + turn) % nodes.length).focus()
    else if (move) {
      const [x, y] = middle(event.target)
      const far = (node) => {
        const [dx, dy] = middle(node), ahead = (dx - x) * move[0] + (dy - y) * move[1]
        return ahead < 4 ? Infinity : ahead + 2.5 * Math.abs((dx - x) * move[1] + (dy - y) * move[0])
      }
      const nearest = nodes.reduce((best, node) => (far(node) < far(best) ? node : best))
      if (far(nearest) < Infinity) nearest.focus()
    } else if (event.key === "Enter" || event.key === " ") event.target.dispatchEvent(new MouseEvent("click", { bubbles: true }))
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  page.onChoose((id) => nodes.forEach((node) => node.classList.toggle("chosen", node.id === prefix + id)))
  return (step, moved) => {
    const now = { ...data.start }
    for (const { grads, hidden } of steps.slice(0, step)) if (!hidden) Object.assign(now, grads)
    const asked = steps.some(({ hidden }) => hidden)
    const fresh = moved && !asked && moved.step === step && moved.grads
    for (const [text, id, last] of gradients) {
      if (fresh) put(text, moved.grads[moved.order.indexOf(id)])
      else if (!moved) put(text, step || asked ? now[id] || "" : last)
    }
    for (const [text, id, last] of values) if (!moved || moved.data) put(text, moved?.data[moved.order.indexOf(id)] ?? last)
    frame.classList.toggle("ad-stale", Boolean(moved && !fresh))
    frame.classList.toggle("ad-moved", Boolean(moved))
    if (shown === step) return
    shown = step
    for (const old of svg.querySelectorAll(".active")) old.classList.remove("active")
    const active = step ? around(steps[step - 1]).map(find).filter(Boolean) : []
    for (const element of active) element.classList.add("active")
    if (active[0]) bring(frame, active[0])
  }
}

// Scrolls the frame, and nothing around it, until the node is in the middle.
function bring(frame, node) {
  const [x, y] = middle(node), [to, down] = middle(frame)
  frame.scrollLeft += x - to
  frame.scrollTop += y - down
}

function middle(element) {
  const box = element.getBoundingClientRect()
  return [box.x + box.width / 2, box.y + box.height / 2]
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
