// One Variable looked into: what its gradient is the sum of, and, where it is an array, its elements (`arrays.js`).
import { link, make } from "../shared/dom.js"

/** @import { Account, Panel, Step } from "../payload" */
/** @import { Page, View } from "../output/page" */
/** @typedef {(one: Account, panel: Panel, account: HTMLElement[], page: Page) => (Node | string)[]} DrawArrays */

/**
 * @param {DrawArrays} [drawArrays]
 * @returns {View}
 */
export function inspectView(drawArrays) {
  return ({ panel, steps = [] }, page) => {
    const { says, variables, at = 0, open = false } = /** @type {Panel} */ (panel)
    const options = variables.map(({ name, warns }) => make("option", {}, (warns ? "⚠ " : "") + name))
    const choice = make("select", { "aria-label": says.look }, ...options)
    const inside = make("div")
    let now = Infinity
    // What the open step has not come to yet stands back.
    const pale = () => {
      for (const row of /** @type {NodeListOf<HTMLElement>} */ (inside.querySelectorAll("[data-n]")))
        row.classList.toggle("ad-later", Number(row.dataset.n) > now)
    }
    const box = make(
      "details",
      { "data-autodiff": "panel", class: "ad-panel" },
      make("summary", {}, says.look),
      choice,
      inside,
    )
    const put = (/** @type {number} */ index) => {
      choice.selectedIndex = index
      const one = variables[index]
      const leaving = inside.contains(document.activeElement)
      const account = drawAccount(one, says, steps, page.go)
      const drawn = one.shape && drawArrays && panel ? drawArrays(one, panel, account, page) : account
      inside.replaceChildren(...drawn)
      pale()
      if (leaving) choice.focus()
    }
    choice.onchange = () => page.choose(variables[choice.selectedIndex].id)
    page.onChoose((id) => {
      const index = variables.findIndex((one) => one.id === id)
      if (index < 0) return
      box.open = true
      put(index)
    })
    box.open = open
    put(at)
    return [
      box,
      (step, moved) => {
        now = steps[step - 1]?.number ?? Infinity
        pale()
        box.classList.toggle("ad-stale", Boolean(moved))
      },
    ]
  }
}

/**
 * A gradient's account as a table; a Function's name leads to its step.
 *
 * @param {Account} account
 * @param {Record<string, string>} says
 * @param {Step[]} steps
 * @param {(step: number) => void} go
 */
function drawAccount({ rows, warns = [] }, says, steps, go) {
  const number = (/** @type {string} */ text) => make("td", { class: "ad-number" }, text)
  const body = rows.map(({ step, by: name, where, added, gradient }) => {
    const at = steps.findIndex(({ number }) => number === step) + 1
    const by = at ? link(name, () => go(at)) : make("span", {}, name)
    return make("tr", { "data-n": step }, make("td", {}, by, where && ` · ${where}`), number(added), number(gradient))
  })
  const heads = [
    make("th", {}, says.by),
    ...[says.added, says.then].map((text) => make("th", { class: "ad-number" }, text)),
  ]
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...body))
  const warnings = warns.map((text) => make("p", { class: "ad-fail" }, `⚠ ${text}`))
  return [make("div", { class: "ad-wide" }, table), ...warnings]
}
