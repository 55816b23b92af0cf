// The steps of the backward pass: buttons, what the step does in words, and the code behind it.
import { consume, isCommand, link, make, note, svg } from "../shared/dom.js"
import { fill } from "../shared/fill.js"
import { drawSources } from "./source_lines.js"

/** @import { Payload } from "../payload" */
/** @import { Page, View } from "../output/page" */
/** @typedef {{ element: HTMLElement, ask(step: number): boolean, focus(): void }} Asking */

const ICONS = {
  first: "M4 3v10M12 3 7 8l5 5",
  previous: "M10 3 5 8l5 5",
  play: "M4.5 3v10L13 8z",
  pause: "M5.5 3v10M10.5 3v10",
  next: "M6 3l5 5-5 5",
  last: "M12 3v10M4 3l5 5-5 5",
}
const BUTTONS = /** @type {const} */ (["first", "previous", "play", "next", "last"])

/**
 * @param {(data: Payload, page: Page) => Asking | null} [drawQuiz] asks for the gradients of a step
 * @returns {View}
 */
export function stepsView(drawQuiz) {
  return (data, page) => {
    const { says, steps = [], total = 0, remarks = [], at, why = "", steps_say: own = {} } = data
    const { go } = page
    const count = steps.length
    const quiz = drawQuiz?.(data, page) ?? null
    const buttons = /** @type {Record<typeof BUTTONS[number], HTMLButtonElement>} */ ({})
    let step = 0
    /** @type {ReturnType<typeof setInterval> | undefined} */
    let timer
    const stop = () => {
      clearInterval(timer)
      timer = undefined
      setFace(buttons.play, "play", says.play)
    }
    const moves = {
      first: () => go(0),
      previous: () => go(Math.max(0, step - 1)),
      next: () => go(Math.min(count, step + 1)),
      last: () => go(count),
      play() {
        // It pauses where the numbers become wrong.
        timer = setInterval(() => (step < count && step !== at && section.isConnected ? go(step + 1) : stop()), 1400)
        setFace(buttons.play, "pause", says.pause)
        go(step < count ? step + 1 : 0)
      },
    }
    const move = (/** @type {typeof BUTTONS[number]} */ name) => {
      const playing = timer
      stop()
      if (name !== "play" || !playing) moves[name]()
      quiz?.focus()
    }
    for (const name of BUTTONS) {
      buttons[name] = make("button", { type: "button", "data-autodiff": name })
      buttons[name].onclick = () => move(name)
      setFace(buttons[name], name, says[name])
    }
    buttons.play.hidden = quiz !== null
    const place = make("span", { class: "ad-place" })
    const bar = make("div", { class: "ad-bar" }, ...Object.values(buttons), place)
    const body = make("div", { class: "ad-step", "aria-live": "polite" })
    const [code, showCode] = drawSources(data, page)
    const tallest = Math.max(
      ...steps.map(({ lines }) => lines.reduce((sum, line) => sum + line.text.split("\n").length, 0)),
    )
    const section = make(
      "section",
      {
        "data-autodiff": "stepper",
        "data-steps": count,
        "data-lm-suppress-shortcuts": "true",
        tabindex: 0,
        role: "group",
        "aria-label": says.stepper,
      },
      ...(count ? [bar, body, ...(quiz ? [quiz.element] : []), code] : []),
      ...remarks.map(note),
    )
    section.onkeydown = (event) => {
      if (isCommand(event, true)) return
      const target = /** @type {Element} */ (event.target)
      if (target.tagName === "INPUT") {
        event.stopPropagation()
        if (event.key === "Escape") section.focus()
        return
      }
      const keys = /** @type {const} */ ({ ArrowLeft: "previous", ArrowRight: "next", Home: "first", End: "last" })
      const plays = event.key === " " && target === section && !quiz
      const name = plays ? "play" : keys[/** @type {keyof typeof keys} */ (event.key)]
      if (!name) return
      consume(event)
      move(name)
    }
    return [
      section,
      (to, moved) => {
        step = to
        section.dataset.step = String(step)
        const asked = quiz?.ask(step) ?? false
        const fresh = moved && moved.step === step && moved.lines
        body.classList.toggle("ad-stale", Boolean(moved && step && !fresh))
        body.setAttribute("aria-live", moved || asked ? "off" : "polite")
        buttons.first.disabled = buttons.previous.disabled = !step
        buttons.next.disabled = buttons.last.disabled = step === count
        if (!count) return
        const now = steps[step - 1]
        place.textContent = fill(says.place, { step: now ? now.number : 0, steps: total })
        showCode(now, asked)
        if (!now) return body.replaceChildren(...(quiz ? [] : [note(says.overview)]))
        body.style.minHeight = asked ? "" : `${Math.min(24, 1.6 * tallest + 2.5)}em`
        const head = make("p", { class: "ad-head" }, make("b", {}, now.title))
        if (now.where) head.append(make("span", {}, now.where), make("code", {}, now.code))
        if (asked) return body.replaceChildren(head)
        const list = make("dl")
        for (const { label, text, warn } of fresh || now.lines) {
          const kind = warn ? { class: "ad-warn" } : undefined
          list.append(make("dt", kind, label), make("dd", kind, text))
        }
        const reason = step === at && !moved
        body.replaceChildren(head, ...(reason ? [drawWhy(why, own["to-start"], go)] : []), list)
      },
    ]
  }
}

/**
 * @param {HTMLButtonElement} button
 * @param {keyof typeof ICONS} name
 * @param {string} label
 */
function setFace(button, name, label) {
  button.replaceChildren(svg("svg", { viewBox: "0 0 16 16", "aria-hidden": true }, svg("path", { d: ICONS[name] })))
  button.title = label
  button.setAttribute("aria-label", label)
}

/**
 * Why the page opens at this step, and the way to the beginning.
 *
 * @param {string} why
 * @param {string} label
 * @param {(step: number) => void} go
 */
function drawWhy(why, label, go) {
  return make(
    "p",
    { class: "ad-why" },
    why,
    " ",
    link(label, () => go(0)),
  )
}
