// Asks for each gradient before it is shown. While a step is asked for, the picture keeps its gradients back.
import { make, note } from "../shared/dom.js"
import { fill } from "../shared/fill.js"
import { judge } from "./judge.js"

/** @import { Payload, Question, Quiz, Step } from "../payload" */
/** @import { Page } from "../output/page" */
/** @import { Asking } from "../steps/stepper.js" */

/**
 * What the reader has answered: how many at the first attempt, and of each step how many.
 *
 * @typedef {{ first: number, answered: number[], about: Step[] }} Progress
 */

/**
 * It outlasts an output that is drawn anew.
 *
 * @type {WeakMap<Quiz, Progress>}
 */
const progresses = new WeakMap()

/**
 * The questions about these steps; null where there are none: those of a result are not for the steps of its
 * derivatives.
 *
 * @param {Payload} data
 * @param {Page} page
 * @returns {Asking | null}
 */
export function drawQuiz({ quiz, steps = [] }, page) {
  if (!quiz) return null
  const progress = progresses.get(quiz) ?? { first: 0, answered: steps.map(() => 0), about: steps }
  progresses.set(quiz, progress)
  const { says } = quiz
  const counts = steps.map(({ number }) => quiz.steps[number]?.length ?? 0)
  const total = sum(counts)
  if (progress.about !== steps || !total) return null
  const hide = () => {
    page.hidden.clear()
    counts.forEach((count, index) => {
      if (progress.answered[index] < count) page.hidden.add(index + 1)
    })
  }
  hide()
  const status = make("div", { role: "status" })
  const place = make("div")
  const advice = make("div", { role: "status" })
  const element = make("div", { class: "ad-quiz-box" }, status, place, advice)
  let at = -1
  let shown = ""
  const firstOpen = () => Math.min(...page.hidden)
  const button = (/** @type {string} */ text, /** @type {() => void} */ act, forward = false) => {
    const made = make("button", { type: "button", class: "ad-press", ...(forward && { "data-forward": "" }) }, text)
    made.onclick = act
    return made
  }
  const go = (/** @type {number} */ step) => {
    status.replaceChildren()
    page.go(step)
    focus()
  }
  const focus = () => {
    const found = element.querySelector("input") ?? element.querySelector("[data-forward]")
    if (found instanceof HTMLElement) found.focus()
  }
  const score = () => make("p", {}, make("b", {}, fill(says.score, { n: progress.first, all: total })))

  const settle = (/** @type {Question} */ question, /** @type {"first" | "later" | "shown"} */ how) => {
    progress.answered[at - 1]++
    if (how === "first") progress.first++
    hide()
    const given = how === "shown"
    const text = given ? fill(says.shown, { ...question }) : `✓ ${fill(says.right, { ...question })}`
    status.replaceChildren(make("p", { class: given ? "ad-note" : "ad-pass" }, text))
    if (question.wrong) status.append(make("p", { class: "ad-why" }, question.wrong))
    page.go(at)
    focus()
  }

  const drawQuestion = (/** @type {Question} */ question) => {
    const number = sum(counts.slice(0, at - 1)) + progress.answered[at - 1] + 1
    const id = `${page.prefix}quiz`
    const input = make("input", {
      id,
      type: "text",
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
      maxlength: 200,
      placeholder: question.truth.length > 1 ? says.examples : says.example,
    })
    const given = question.given.flatMap(({ label, text }) => [make("dt", {}, label), make("dd", {}, text)])
    let tries = 0
    let hint = 0
    const advise = (/** @type {string} */ text, kind = "ad-tip") =>
      advice.replaceChildren(make("p", { class: kind }, text))
    const answer = make("button", { class: "ad-press" }, says.answer)
    const help = button(says.hint, () => advise(quiz.hints[question.hints[hint++ % question.hints.length]]))
    const give = button(says.show, () => settle(question, "shown"))
    const label = make("label", { for: id }, question.ask)
    const form = make("form", { class: "ad-ask" }, label, input, answer, help, give)
    form.onsubmit = (event) => {
      event.preventDefault()
      if (!input.value.trim()) return
      const judged = judge(question, input.value)
      if (judged.verdict === "right") return settle(question, tries ? "later" : "first")
      if (judged.verdict === "number" || judged.verdict === "count")
        return advise(fill(says[judged.verdict], { n: question.truth.length }))
      tries++
      input.setAttribute("aria-invalid", "true")
      advise(`✗ ${judged.verdict === "known" ? quiz.hints[judged.hint] : says.no}`, "ad-why")
      input.select()
    }
    input.oninput = () => input.removeAttribute("aria-invalid")
    return [note(fill(says.label, { n: number, all: total })), make("dl", {}, ...given), form]
  }

  const draw = () => {
    const open = firstOpen()
    const asks = page.hidden.size > 0
    if (!at && asks) return [note(says.intro), button(says.begin, () => go(open), true)]
    if (!at) return [note(says.done), score()]
    if (page.hidden.has(at)) {
      if (open < at) return [note(says.earlier), button(says.open, () => go(open), true)]
      return drawQuestion(quiz.steps[steps[at - 1].number][progress.answered[at - 1]])
    }
    if (!asks) return [score(), note(says.done)]
    return at < steps.length ? [button(says["go-on"], () => go(at + 1), true)] : []
  }

  return {
    element,
    focus,
    ask(to) {
      if (to !== at) status.replaceChildren()
      at = to
      const asks = page.hidden.size > 0
      page.root.classList.toggle("ad-quiz", asks)
      const now = [at, progress.answered[at - 1], firstOpen()].join()
      if (shown !== now) {
        advice.replaceChildren()
        place.replaceChildren(...draw())
      }
      shown = now
      return page.hidden.has(at)
    },
  }
}

/** @param {number[]} numbers */
function sum(numbers) {
  return numbers.reduce((all, number) => all + number, 0)
}
