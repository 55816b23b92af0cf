// Asks for each gradient before it is shown. A step whose `hidden` is true is still asked for; the picture keeps its
// gradients back. What the reader has answered stays with the data, so it outlasts a page that is drawn anew.
function drawQuiz(data, page) {
  const { steps, quiz } = data
  const { says } = quiz
  const questions = (step) => quiz.steps[step.n] || []
  const total = steps.reduce((sum, step) => sum + questions(step).length, 0)
  quiz.first ??= 0
  for (const step of steps) {
    step.answered ??= []
    step.hidden ??= questions(step).length > 0
  }
  const element = make("div", { class: "ad-quiz-box" })
  const status = make("div", { role: "status" })
  const place = make("div")
  const advice = make("div", { role: "status" })
  element.append(status, place, advice)
  let at = -1
  let shown = ""
  const words = (text, blanks) => text.replace(/\{(\w+)\}/g, (_, name) => blanks[name])
  const firstOpen = () => steps.findIndex(({ hidden }) => hidden) + 1
  const button = (text, act, more = {}) => {
    const made = make("button", { type: "button", class: "ad-press", ...more }, text)
    made.onclick = act
    return made
  }
  const go = (step) => {
    status.replaceChildren()
    page.go(step)
    focus()
  }
  const focus = () => (element.querySelector("input") || element.querySelector("[data-forward]"))?.focus()
  const score = () => make("p", {}, make("b", {}, words(says.score, { n: quiz.first, all: total })))

  function settle(step, question, kind, text) {
    step.answered.push([question, kind])
    if (kind === "first") quiz.first++
    step.hidden = step.answered.length < questions(step).length
    status.replaceChildren(make("p", { class: kind === "shown" ? "ad-note" : "ad-pass" }, `${kind === "shown" ? "" : "✓ "}${text}`))
    if (question.wrong) status.append(make("p", { class: "ad-why" }, question.wrong))
    page.go(at)
    focus()
  }

  function drawQuestion(step, question) {
    const number = steps.slice(0, at - 1).reduce((sum, one) => sum + questions(one).length, 0) + step.answered.length + 1
    const several = question.truth.length > 1
    const id = `${data.id}-quiz`
    const input = make("input", { id, type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: 200, placeholder: several ? says.examples : says.example })
    const list = make("dl")
    for (const [label, text] of question.given) list.append(make("dt", {}, label), make("dd", {}, text))
    let tries = 0
    let hint = 0
    const tell = (text, kind = "ad-tip") => advice.replaceChildren(make("p", { class: kind }, text))
    const answer = make("button", { class: "ad-press" }, says.answer)
    const help = button(says.hint, () => tell(quiz.hints[question.hints[hint++ % question.hints.length]]))
    const give = button(says.show, () => settle(step, question, "shown", words(says.shown, question)))
    const form = make("form", { class: "ad-ask" }, make("label", { for: id }, question.ask), input, answer, help, give)
    form.onsubmit = (event) => {
      event.preventDefault()
      if (!input.value.trim()) return
      const [verdict, hint] = judge(question, input.value)
      if (verdict === "right") return settle(step, question, tries ? "later" : "first", words(says.right, question))
      if (verdict === "number" || verdict === "count") return tell(words(says[verdict], { n: question.truth.length }))
      tries++
      input.setAttribute("aria-invalid", "true")
      tell(`✗ ${verdict === "known" ? quiz.hints[hint] : says.no}`, "ad-why")
      input.select()
    }
    input.oninput = () => input.removeAttribute("aria-invalid")
    return [make("p", { class: "ad-note" }, words(says.label, { n: number, all: total })), list, form]
  }

  function draw(step) {
    const open = firstOpen()
    if (!at && open) return [note(says.intro), button(says.begin, () => go(open), { "data-forward": "" })]
    if (!at) return [note(says.done), score()]
    if (step.hidden && open < at) return [note(says.earlier), button(says.open, () => go(open), { "data-forward": "" })]
    if (step.hidden) return drawQuestion(step, questions(step)[step.answered.length])
    if (!open) return [score(), note(says.done)]
    return at < steps.length ? [button(says["go-on"], () => go(at + 1), { "data-forward": "" })] : []
  }

  // Shows what belongs to a step, and says whether the step is still asked for.
  function ask(to) {
    const step = steps[to - 1]
    if (to !== at) status.replaceChildren()
    at = to
    const open = firstOpen()
    page.root.classList.toggle("ad-quiz", open > 0)
    for (const title of page.root.querySelectorAll("svg title")) {
      title.whole ??= title.textContent
      title.textContent = open ? title.whole.split(", grad ")[0] : title.whole
    }
    const now = [at, step?.answered.length, open].join()
    if (shown !== now) {
      advice.replaceChildren()
      place.replaceChildren(...draw(step))
    }
    shown = now
    return Boolean(step?.hidden)
  }
  return { element, ask, focus }
}

// What an answer is: "right", "known" with the place of what to say, "no", or "number" and "count" where it is none.
function judge({ truth, tiny, known, names }, text) {
  let values = readNumbers(text, names, truth.length)
  if (!values) return ["number"]
  const alike = values.length === 1 && truth.length > 1
  if (alike) values = truth.map(() => values[0])
  if (values.length !== truth.length) return ["count"]
  const meets = (numbers) => numbers.every((number, index) => Math.abs(values[index] - number) <= Math.max(0.005 * Math.abs(number), tiny))
  if (meets(truth)) return ["right"]
  const found = known.find(([numbers]) => meets(numbers))
  return found ? ["known", found[1]] : [alike ? "count" : "no"]
}

// The numbers in an answer: one, or several with commas or spaces between and any brackets; null where it has none.
function readNumbers(text, names, count) {
  const bare = text.replace(/[[\]]/g, " ").trim()
  const parts = bare.includes(",") ? bare.replace(/,\s*$/, "").split(",") : count > 1 ? bare.split(/\s+/) : [bare]
  const values = parts.map((part) => calculate(part, names))
  if (values.every(Number.isFinite)) return values
  const whole = calculate(bare, names)
  return Number.isFinite(whole) ? [whole] : null
}

const FUNCTIONS = { exp: Math.exp, log: Math.log, ln: Math.log, sqrt: Math.sqrt, sin: Math.sin, cos: Math.cos, tan: Math.tan, tanh: Math.tanh, abs: Math.abs }
const CONSTANTS = { pi: Math.PI, e: Math.E }

// The value of a sum such as `2*x*gy` or `-1/3`, with what `names` names; NaN where it is none.
function calculate(text, names = {}) {
  const plain = text.replaceAll("−", "-").replaceAll("×", "*").replaceAll("·", "*").replaceAll("÷", "/")
  const tokens = plain.match(/(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|\*\*|[-+*/^()]|[\p{L}_][\p{L}\p{N}_.]*|\S/giu) || []
  let next = 0
  const take = (...wanted) => (wanted.includes(tokens[next]) ? tokens[next++] : "")
  const sum = () => {
    let value = product()
    for (let sign; (sign = take("+", "-")); ) value = sign === "+" ? value + product() : value - product()
    return value
  }
  const product = () => {
    let value = signed()
    for (let sign; (sign = take("*", "/")); ) value = sign === "*" ? value * signed() : value / signed()
    return value
  }
  const signed = () => {
    const sign = take("-", "+")
    return sign === "-" ? -signed() : sign ? signed() : power()
  }
  const power = () => {
    const base = atom()
    return take("**", "^") ? base ** signed() : base
  }
  const atom = () => {
    if (take("(")) {
      const value = sum()
      return take(")") ? value : NaN
    }
    const token = tokens[next++] || ""
    if (/^[\d.]/.test(token)) return Number(token)
    const name = token.replace(/^(np|numpy|math)\./, "").replace(/\.data$/, "")
    if (Object.hasOwn(names, name)) return names[name]
    if (Object.hasOwn(FUNCTIONS, name) && tokens[next] === "(") return FUNCTIONS[name](atom())
    return Object.hasOwn(CONSTANTS, name) ? CONSTANTS[name] : NaN
  }
  const value = sum()
  return next === tokens.length ? value : NaN
}
