// Shows one trace: the graph, a stepper over its backward pass, and the comparison of its gradients.
// The same module serves as a widget (anywidget calls `render`) and inside a saved page (which calls `mount`).

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

// The picture, and a function that shows it at a step.
function drawGraph(data) {
  const svg = document.importNode(new DOMParser().parseFromString(data.svg, "image/svg+xml").documentElement, true)
  const figure = make("figure", { "data-autodiff": "graph" }, svg)
  for (const note of data.notes) figure.append(make("p", { class: "ad-note" }, note))
  const find = (id) => svg.querySelector(`[id="${data.id}-${id}"]`)
  const gradients = [...svg.querySelectorAll(".grad")].map((text) => [text.parentNode.id.slice(data.id.length + 1), text, text.textContent])
  const show = (step) => {
    const now = { ...data.start }
    for (const { grads } of (data.steps || []).slice(0, step)) Object.assign(now, grads)
    for (const [id, text, final] of gradients) text.textContent = step ? now[id] || "" : final
    for (const old of svg.querySelectorAll(".active")) old.classList.remove("active")
    const active = step ? data.steps[step - 1].active.map(find).filter(Boolean) : []
    for (const element of active) element.classList.add("active")
    if (active.length && figure.scrollWidth > figure.clientWidth) {
      const box = active[0].getBoundingClientRect(), frame = figure.getBoundingClientRect()
      figure.scrollLeft += box.x + box.width / 2 - frame.x - frame.width / 2
    }
  }
  return [figure, show, svg]
}

// The controls and what they show. `go` asks for a step; the answer comes through `show`.
function drawStepper(data, go) {
  const { says, steps } = data
  const count = steps.length
  const icons = { first: "M4 3v10M13 3 6 8l7 5z", previous: "M11 3 5 8l6 5z", play: "M4 2.5 13 8l-9 5.5z", next: "M5 3l6 5-6 5z", last: "M12 3v10M3 3l7 5-7 5z", pause: "M5 3v10M11 3v10" }
  let step = 0
  let timer
  const icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
    svg.setAttribute("viewBox", "0 0 16 16")
    svg.setAttribute("aria-hidden", "true")
    svg.append(document.createElementNS(svg.namespaceURI, "path"))
    svg.firstChild.setAttribute("d", icons[name])
    return svg
  }
  const face = (button, name) => {
    button.title = says[name]
    button.setAttribute("aria-label", says[name])
    button.replaceChildren(icon(name))
  }
  const stop = () => {
    clearInterval(timer)
    timer = undefined
    face(buttons.play, "play")
  }
  const play = () => {
    if (timer) return stop()
    if (step === count) go(0)
    timer = setInterval(() => (step < count ? go(step + 1) : stop()), 1300)
    face(buttons.play, "pause")
    if (step < count) go(step + 1)
  }
  const moves = { first: () => 0, previous: () => step - 1, next: () => step + 1, last: () => count }
  const move = (name) => {
    if (name === "play") return play()
    if (timer) stop()
    go(Math.max(0, Math.min(count, moves[name]())))
  }
  const buttons = {}
  for (const name of ["first", "previous", "play", "next", "last"]) {
    const button = (buttons[name] = make("button", { type: "button", "data-autodiff": name }))
    face(button, name)
    button.onclick = () => move(name)
  }
  const place = make("span", { class: "ad-place" })
  const body = make("div", { class: "ad-step", "aria-live": "polite" })
  const section = make("section", { "data-autodiff": "stepper", "data-step": 0, "data-steps": count, "data-lm-suppress-shortcuts": "true", tabindex: 0, role: "group", "aria-label": says.steps },
    make("div", { class: "ad-bar" }, ...Object.values(buttons), place), body)
  for (const note of data.remarks) section.append(make("p", { class: "ad-note" }, note))
  section.onkeydown = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return
    const name = { ArrowLeft: "previous", ArrowRight: "next", Home: "first", End: "last" }[event.key] || (event.key === " " && event.target === section && "play")
    if (!name) return
    event.preventDefault()
    event.stopPropagation()
    move(name)
  }
  const show = (to) => {
    step = to
    section.dataset.step = step
    buttons.first.disabled = buttons.previous.disabled = !step
    buttons.next.disabled = buttons.last.disabled = buttons.play.disabled = !count
    buttons.next.disabled = buttons.last.disabled = step === count
    place.textContent = says.of.replace("{step}", step).replace("{steps}", count)
    body.replaceChildren()
    if (!step) return body.append(make("p", { class: "ad-note" }, count ? says.overview : ""))
    const now = steps[step - 1]
    const head = make("p", { class: "ad-head" }, make("b", {}, now.title))
    if (now.where) head.append(make("span", {}, now.where), make("code", {}, now.code))
    const list = make("dl")
    for (const [label, text, warn] of now.lines) {
      const formula = make("dd", warn ? { class: "ad-warn" } : {}, text)
      list.append(make("dt", {}, label), formula)
    }
    body.append(head, list)
  }
  return [section, show, stop]
}

function drawCheck({ heading, verdict, columns, rows, blame }) {
  const section = make("section", { "data-autodiff": "check" }, make("p", { class: `ad-verdict ad-${verdict}` }, heading))
  for (const [sentence, hint] of blame) {
    section.append(make("details", { class: "ad-blame" }, make("summary", {}, sentence), make("p", {}, hint)))
  }
  if (!rows.length) return section
  const body = make("tbody")
  for (const row of rows) {
    const [text, verdict, reason] = row.slice(-3)
    const cells = row.slice(0, -3).map((cell, index) => make(index ? "td" : "th", index ? { class: "ad-number" } : { scope: "row" }, cell))
    const last = make("td", {}, make("b", { class: `ad-${verdict}` }, text))
    if (reason) last.append(" ", make("span", { class: "ad-note" }, reason))
    body.append(make("tr", { "data-verdict": verdict }, ...cells, last))
  }
  const head = make("tr", {}, ...[...columns, ""].map((column) => make("th", { scope: "col" }, column)))
  section.append(make("table", {}, make("thead", {}, head), body))
  return section
}

// Fills `view`; `state` holds the step and says when somebody else sets it. Returns what ends it.
function draw(view, data, state) {
  const shows = []
  const parts = []
  let stop = () => {}
  for (const name of data.show) {
    if (name === "graph") {
      const [figure, show, svg] = drawGraph(data)
      parts.push(figure)
      shows.push(show)
    } else if (name === "steps") {
      const [section, show, end] = drawStepper(data, state.set)
      parts.push(section)
      shows.push(show)
      stop = end
    } else if (name === "check") parts.push(drawCheck(data.check))
  }
  view.replaceChildren(...parts)
  const update = () => shows.forEach((show) => show(state.get()))
  update()
  const off = state.observe(update)
  return () => {
    stop()
    off()
  }
}

function render({ model, el }) {
  const data = model.get("payload")
  const view = make("div", { class: "ad-view", "data-autodiff": "view", lang: data.lang })
  el.append(view)
  return draw(view, data, {
    get: () => model.get("step"),
    set: (step) => {
      model.set("step", step)
      model.save_changes()
    },
    observe: (update) => {
      model.on("change:step", update)
      return () => model.off("change:step", update)
    },
  })
}

// Takes the place of the readable page; where that fails, the page stays as it is.
function mount(id, data) {
  for (const view of document.querySelectorAll(`[id="${id}"]`)) {
    const image = view.querySelector("img")
    if (image) {
      const bytes = Uint8Array.from(atob(image.src.split(",")[1]), (character) => character.charCodeAt(0))
      data.svg = new TextDecoder().decode(bytes)
    }
    let step = 0
    let update
    draw(view, data, {
      get: () => step,
      set: (to) => {
        step = to
        update()
      },
      observe: (call) => (update = call),
    })
  }
}

export default { render }
