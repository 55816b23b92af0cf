// A result and its derivatives as tabs, each a whole page; the first is the one that sliders move. What is not open yet
// is not drawn.
import { consume, isCommand, make } from "../shared/dom.js"
import { drawViews, takePicture } from "./views.js"

/** @import { Payload } from "../payload" */
/** @import { View, Views } from "./page" */

/** @type {WeakMap<Payload, Kin>} */
const families = new WeakMap()

/** Which Function is chosen in all tabs, and who wants to know. */
class Kin {
  /** @type {string | null} */
  key = null
  /** @type {(() => void)[]} */
  listeners = []

  /** @param {string | null} key */
  choose(key) {
    this.key = key
    for (const listen of this.listeners) listen()
  }
}

/**
 * @param {HTMLElement} root
 * @param {Payload} data
 * @param {string} prefix
 * @param {Views} views
 */
export function drawTabs(root, data, prefix, views) {
  if (!data.tabs) return drawViews(root, data, prefix, views)
  const kin = new Kin()
  const all = [data, ...(data.tabs ?? [])].map((tab, index) => {
    const whole = { ...tab, id: index ? `${data.id}t${index}` : data.id, says: data.says, family: data.family }
    if (index) takePicture(root.querySelector(`details[data-tab="${index}"]`), whole)
    families.set(whole, kin)
    return whole
  })
  const name = (/** @type {number} */ index, /** @type {string} */ part) => `${prefix}${part}${index}`
  const tabs = all.map(({ label }, index) =>
    make(
      "button",
      { type: "button", role: "tab", class: "ad-tab", id: name(index, "tab"), "aria-controls": name(index, "panel") },
      label ?? "",
    ),
  )
  const panels = all.map((_, index) =>
    make("div", {
      role: "tabpanel",
      class: "ad-view",
      id: name(index, "panel"),
      "aria-labelledby": name(index, "tab"),
    }),
  )
  const open = (/** @type {number} */ to) => {
    tabs.forEach((tab, index) => {
      tab.setAttribute("aria-selected", String(index === to))
      tab.tabIndex = index === to ? 0 : -1
      panels[index].hidden = index !== to
    })
    if (!panels[to].firstChild) drawViews(panels[to], all[to], `${prefix}${to}-`, views)
  }
  const label = data.family?.tabs ?? ""
  const list = make(
    "div",
    { role: "tablist", class: "ad-tabs", "aria-label": label, "data-lm-suppress-shortcuts": "true" },
    ...tabs,
  )
  const at = (/** @type {Event} */ event) => tabs.indexOf(/** @type {HTMLButtonElement} */ (event.target))
  list.onclick = (event) => {
    if (at(event) >= 0) open(at(event))
  }
  list.onkeydown = (event) => {
    if (isCommand(event, true)) return
    const now = at(event)
    const last = tabs.length - 1
    const to = { ArrowLeft: now ? now - 1 : last, ArrowRight: now < last ? now + 1 : 0, Home: 0, End: last }[event.key]
    if (to === undefined) return
    consume(event)
    open(to)
    tabs[to].focus()
  }
  root.replaceChildren(list, ...panels)
  open(0)
}

/**
 * Which Functions come from one another: one that is chosen in a tab is outlined with its kin in all of them.
 *
 * @type {View}
 */
export const kinView = (data, page) => {
  const { kin = {}, steps = [], family } = data
  const chosen = families.get(data)
  if (!family || !chosen) throw new Error("these tabs have no family")
  const status = make("p", { class: "ad-note ad-kin-status", role: "status" }, family.hint)
  const mark = () => {
    for (const [id, key] of Object.entries(kin))
      page.root.querySelector(`[id="${page.prefix}${id}"]`)?.classList.toggle("ad-kin", key === chosen.key)
    const { key } = chosen
    status.textContent = key ? family.chosen.replace("{function}", () => family.names[key]) : family.hint
  }
  const choose = (/** @type {string} */ id) => chosen.choose(kin[id] || null)
  page.root.addEventListener("click", ({ target }) => {
    const found = target instanceof Element && target.closest(".function")
    if (found) choose(found.id.slice(page.prefix.length))
  })
  page.onChoose((id) => {
    if (id in kin) choose(id)
  })
  chosen.listeners.push(mark)
  let last = 0
  return [
    status,
    (step) => {
      if (step !== last && step) choose(steps[step - 1].active[0])
      last = step
      mark()
    },
  ]
}
