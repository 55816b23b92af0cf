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
PARTS.steps = ({ says, steps, total, remarks, check }, { go }) => {
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
