// Shows one trace: the graph, a stepper over its backward pass, and the comparison of its gradients.
// It stands in the output itself, so it works while the kernel runs, in the saved notebook and in an exported page.
// What comes from the notebook becomes text nodes and attributes, never markup.

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const name in attributes) element.setAttribute(name, attributes[name])
  element.append(...children)
  return element
}

function note(text) {
  return make("p", { class: "ad-note" }, text)
}

// The picture and a function that shows it at a step. A click on a Function asks for the step of its backward.
function drawGraph(data, go) {
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
    if (id && index >= 0) go(index + 1)
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

const ICONS = {
  first: "M4 3v10M12 3 7 8l5 5",
  previous: "M10 3 5 8l5 5",
  play: "M4.5 3v10L13 8z",
  pause: "M5.5 3v10M10.5 3v10",
  next: "M6 3l5 5-5 5",
  last: "M12 3v10M4 3l5 5-5 5",
}

function setFace(button, name, label) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  svg.setAttribute("viewBox", "0 0 16 16")
  svg.setAttribute("aria-hidden", "true")
  const path = svg.appendChild(document.createElementNS(svg.namespaceURI, "path"))
  path.setAttribute("d", ICONS[name])
  button.replaceChildren(svg)
  button.title = label
  button.setAttribute("aria-label", label)
}

// The controls and the step in words, and a function that shows a step.
function drawStepper({ says, steps, total, remarks, check }, go) {
  const count = steps.length
  const wrong = check ? wrongStep(steps, check.blame) : 0
  const buttons = {}
  let step = 0
  let timer
  const stop = () => {
    clearInterval(timer)
    timer = 0
    setFace(buttons.play, "play", says.play)
  }
  const moves = {
    first: () => go(0),
    previous: () => go(Math.max(0, step - 1)),
    next: () => go(Math.min(count, step + 1)),
    last: () => go(count),
    play() {
      // It pauses where the numbers leave the truth.
      timer = setInterval(() => (step < count && step !== wrong && section.isConnected ? go(step + 1) : stop()), 1400)
      setFace(buttons.play, "pause", says.pause)
      go(step < count ? step + 1 : 0)
    },
  }
  const move = (name) => {
    const playing = timer
    stop()
    if (name !== "play" || !playing) moves[name]()
  }
  for (const name of ["first", "previous", "play", "next", "last"]) {
    buttons[name] = make("button", { type: "button", "data-autodiff": name })
    buttons[name].onclick = () => move(name)
    setFace(buttons[name], name, says[name])
  }
  const place = make("span", { class: "ad-place" })
  const body = make("div", { class: "ad-step", "aria-live": "polite" })
  const rows = steps.map(({ lines }) => lines.reduce((sum, line) => sum + line[1].split("\n").length, 0))
  const section = make(
    "section",
    { "data-autodiff": "stepper", "data-steps": count, "data-lm-suppress-shortcuts": "true", tabindex: 0, role: "group", "aria-label": says.stepper },
    make("div", { class: "ad-bar" }, ...Object.values(buttons), place), body, ...remarks.map(note),
  )
  section.onkeydown = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return
    const keys = { ArrowLeft: "previous", ArrowRight: "next", Home: "first", End: "last" }
    const name = event.key === " " && event.target === section ? "play" : keys[event.key]
    if (!name) return
    event.preventDefault()
    event.stopPropagation()
    move(name)
  }
  const show = (to, moved) => {
    step = to
    section.dataset.step = step
    const fresh = moved && moved.step === step && moved.lines
    body.classList.toggle("ad-stale", Boolean(moved && step && !fresh))
    body.setAttribute("aria-live", moved ? "off" : "polite")
    buttons.first.disabled = buttons.previous.disabled = !step
    buttons.next.disabled = buttons.last.disabled = step === count
    buttons.play.disabled = !count
    if (!count) return
    const now = steps[step - 1]
    place.textContent = says.place.replace("{step}", now ? now.n : 0).replace("{steps}", total)
    if (!now) return body.replaceChildren(note(says.overview))
    body.style.minHeight = Math.min(24, 1.6 * Math.max(...rows) + 2.5) + "em"
    const head = make("p", { class: "ad-head" }, make("b", {}, now.title))
    if (now.where) head.append(make("span", {}, now.where), make("code", {}, now.code))
    const list = make("dl")
    for (const [label, text, warn] of fresh || now.lines) {
      const kind = warn ? { class: "ad-warn" } : {}
      list.append(make("dt", kind, label), make("dd", kind, text))
    }
    body.replaceChildren(head, list)
  }
  return [section, show]
}

// The step of the Function that is blamed first; 0 where there is none.
function wrongStep(steps, [accused]) {
  return accused && accused[2] ? steps.findIndex((step) => step.active[0] === accused[2]) + 1 : 0
}

function drawCheck({ heading, verdict, columns, rows, blame, remarks }, { says, steps = [] }, go) {
  const section = make("section", { "data-autodiff": "check" }, make("p", { class: `ad-${verdict}` }, make("b", {}, heading)))
  for (const accused of blame) {
    const box = make("div", { class: "ad-blame" }, accused[0])
    const at = wrongStep(steps, [accused])
    if (at) {
      const link = make("button", { type: "button", class: "ad-link" }, says.to_step.replace("{step}", steps[at - 1].n))
      link.onclick = () => go(at)
      box.append(" ", link)
    }
    box.append(make("details", {}, make("summary", {}, says.hint), accused[1]))
    section.append(box)
  }
  section.append(...remarks.map(note))
  if (!rows.length) return section
  const last = columns.length - 1
  const kind = (index) => (index && index < last ? { class: "ad-number" } : {})
  const body = rows.map(({ cells, verdict, text, reason }) => {
    const said = make("td", {}, make("span", { class: `ad-${verdict}` }, text))
    if (reason) said.append(make("span", { class: "ad-note" }, reason))
    const [name, ...numbers] = cells.map((cell, index) => make(index ? "td" : "th", index ? kind(index) : { scope: "row" }, cell))
    return make("tr", { "data-verdict": verdict }, name, ...numbers, said)
  })
  const head = columns.map((column, index) => make("th", { scope: "col", ...kind(index) }, column))
  section.append(make("div", { class: "ad-wide" }, make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body))))
  return section
}

// Draws the views into `root`, in place of the readable page; if that fails, the page stays as it is.
function fill(root, data) {
  let step = 0
  let moved = null
  let model
  let sliders
  const shows = []
  const update = () => shows.forEach((show) => show(step, moved))
  const go = (to) => {
    step = to
    update()
    model?.set("step", to)
    model?.save_changes()
    sliders?.stepped()
  }
  const slot = make("div", { hidden: "" })
  const parts = data.show.map((name) => {
    if (name === "sliders") return slot
    if (name === "check") {
      const check = make("div", {}, drawCheck(data.check, data, go))
      let last = data.check
      shows.push((_, moved) => {
        const now = moved ? moved.check : data.check
        check.classList.toggle("ad-stale", !now)
        if (now && now !== last) check.replaceChildren(drawCheck((last = now), data, go))
      })
      return check
    }
    const [part, show] = name === "graph" ? drawGraph(data, go) : drawStepper(data, go)
    shows.push(show)
    return part
  })
  const first = data.show[0] === "graph"
  const box = first && parts[0].firstChild.viewBox.baseVal
  const tall = box.height > box.width && parts.length > 1
  root.classList.toggle("ad-tall", tall)
  if (tall) parts.push(make("div", {}, ...parts.splice(1)))
  parts.splice(first, 0, ...data.notes.map(note))
  root.replaceChildren(...parts)
  update()

  // A live model, where there is one, shares its step: what Python sets is shown, what is clicked Python hears.
  // It also brings the sliders, and the run that they show.
  const links = (globalThis.ipyAutodiff ??= new Map())
  const take = () => {
    step = model.get("step")
    update()
    sliders?.stepped()
  }
  const redo = () => {
    leave()
    fill(root, { ...(model.get("anew").whole || root.recorded), id: data.id })
  }
  const follow = () => {
    if (links.get(data.id) === model) return
    sliders?.stop()
    sliders = null
    model = links.get(data.id)
    if (!model) return
    model.on("change:step", take)
    model.on("change:anew", redo)
    if (root.recorded === data && model.get("anew")?.whole) return redo()
    const show = (run) => {
      moved = run
      update()
    }
    if (data.show.includes("sliders")) sliders = model.drawSliders?.(slot, model, { step: () => step, show })
    take()
  }
  const hear = (event) => event.detail === data.id && follow()
  const leave = () => {
    document.removeEventListener("ipy-autodiff", hear)
    model?.off("change:step", take)
    model?.off("change:anew", redo)
    sliders?.stop()
  }
  root.recorded ??= data
  document.addEventListener("ipy-autodiff", hear)
  follow()
}

function mount(data) {
  for (const root of document.querySelectorAll(`[id="${data.id}"]:not(.ad-drawn)`)) {
    const image = root.querySelector("img")
    if (image) data.svg = new TextDecoder().decode(Uint8Array.from(atob(image.src.split(",")[1]), (c) => c.charCodeAt(0)))
    fill(root, data)
    root.classList.add("ad-drawn")
  }
}
