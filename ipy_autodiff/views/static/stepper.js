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
PARTS.steps = (data, page) => {
  const { says, steps, total, remarks, at, why, steps_say: own } = data
  const { go } = page
  const count = steps.length
  const quiz = data.quiz && asks(data) ? drawQuiz(data, page) : null
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
      timer = setInterval(() => (step < count && step !== at && section.isConnected ? go(step + 1) : stop()), 1400)
      setFace(buttons.play, "pause", says.pause)
      go(step < count ? step + 1 : 0)
    },
  }
  const move = (name) => {
    const playing = timer
    stop()
    if (name !== "play" || !playing) moves[name]()
    quiz?.focus()
  }
  for (const name of ["first", "previous", "play", "next", "last"]) {
    buttons[name] = make("button", { type: "button", "data-autodiff": name })
    buttons[name].onclick = () => move(name)
    setFace(buttons[name], name, says[name])
  }
  buttons.play.hidden = quiz !== null
  const place = make("span", { class: "ad-place" })
  const bar = make("div", { class: "ad-bar" }, ...Object.values(buttons), place)
  const body = make("div", { class: "ad-step", "aria-live": "polite" })
  const [code, showCode] = data.sources.length && PARTS.code ? PARTS.code(data, page) : ["", () => {}]
  const rows = steps.map(({ lines }) => lines.reduce((sum, line) => sum + line[1].split("\n").length, 0))
  const section = make(
    "section",
    { "data-autodiff": "stepper", "data-steps": count, "data-lm-suppress-shortcuts": "true", tabindex: 0, role: "group", "aria-label": says.stepper },
    ...(count ? [bar, body, ...(quiz ? [quiz.element] : []), code] : []), ...remarks.map(note),
  )
  section.onkeydown = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return
    if (event.target.tagName === "INPUT") {
      event.stopPropagation()
      if (event.key === "Escape") section.focus()
      return
    }
    const keys = { ArrowLeft: "previous", ArrowRight: "next", Home: "first", End: "last" }
    const name = event.key === " " && event.target === section && !quiz ? "play" : keys[event.key]
    if (!name) return
    event.preventDefault()
    event.stopPropagation()
    move(name)
  }
  const show = (to, moved) => {
    step = to
    section.dataset.step = step
    const asked = quiz?.ask(step)
    const fresh = moved && moved.step === step && moved.lines
    body.classList.toggle("ad-stale", Boolean(moved && step && !fresh))
    body.setAttribute("aria-live", moved || asked ? "off" : "polite")
    buttons.first.disabled = buttons.previous.disabled = !step
    buttons.next.disabled = buttons.last.disabled = step === count
    if (!count) return
    const now = steps[step - 1]
    place.textContent = says.place.replace("{step}", now ? now.n : 0).replace("{steps}", total)
    showCode(now, asked)
    if (!now) return body.replaceChildren(...(quiz ? [] : [note(says.overview)]))
    body.style.minHeight = asked ? "" : Math.min(24, 1.6 * Math.max(...rows) + 2.5) + "em"
    const head = make("p", { class: "ad-head" }, make("b", {}, now.title))
    if (now.where) head.append(make("span", {}, now.where), make("code", {}, now.code))
    if (asked) return body.replaceChildren(head)
    const list = make("dl")
    for (const [label, text, warn] of fresh || now.lines) {
      const kind = warn ? { class: "ad-warn" } : {}
      list.append(make("dt", kind, label), make("dd", kind, text))
    }
    body.replaceChildren(head, ...(step === at && !moved ? [drawWhy(why, own["to-start"], go)] : []), list)
  }
  return [section, show]
}

// Whether there are questions about these steps; those of a result are not for the steps of its derivatives.
function asks({ quiz, steps }) {
  quiz.about ??= steps
  return quiz.about === steps && steps.some(({ n }) => quiz.steps[n])
}

// Why the page opens at this step, and the way to the beginning.
function drawWhy(why, label, go) {
  const link = make("button", { type: "button", class: "ad-link" }, label)
  link.onclick = () => go(0)
  return make("p", { class: "ad-why" }, why, " ", link)
}
