// A large graph: boxes that open, search by name, and a picture that can be moved and made larger or smaller.
// A box opens into a picture of its own; the path above leads back.
import { bring, consume, isCommand, link, make } from "../shared/dom.js"
import { fill } from "../shared/fill.js"
import { picture, SHRINKS } from "./graph.js"
import { close, drawLevel, MOST_HIGH } from "./level.js"

/** @import { Large, Update, Step } from "../payload" */
/** @import { Show } from "../output/page" */
/** @typedef {{ svg: SVGSVGElement, near: Record<string, string[]>, show: Show }} Drawn */

/** @type {Record<string, [number, number]>} */
const PANS = { ArrowLeft: [-80, 0], ArrowRight: [80, 0], ArrowUp: [0, -80], ArrowDown: [0, 80] }

/** @type {import("./graph.js").Openable} */
export function openable(data, page, figure, top) {
  const large = /** @type {Large} */ (data.large)
  const { says } = large
  const steps = data.steps ?? []
  const { prefix } = page
  const idOf = (/** @type {Element} */ node) => node.id.slice(prefix.length)
  const nodesOf = (/** @type {string} */ level) => large.levels[level].nodes
  const nameOf = (/** @type {string} */ box) => large.boxes[box].rows[0]
  /** @type {Map<string, Drawn>} */
  const levels = new Map()
  let at = ""
  let size = 0
  let step = 0
  /** @type {Update | null} */
  let moved = null
  let chosen = ""
  /** @type {string[]} */
  let found = []
  let place = -1

  const button = (/** @type {string} */ sign, /** @type {string} */ label, /** @type {() => void} */ act) => {
    const made = make("button", { type: "button", title: label, "aria-label": label }, sign)
    made.onclick = act
    return made
  }
  const path = make("nav", { "aria-label": says.path })
  const search = make("input", {
    type: "search",
    placeholder: says.find,
    "aria-label": says.find,
    spellcheck: "false",
    autocomplete: "off",
  })
  const count = make("span", { class: "ad-place", "aria-live": "polite" })
  const tools = make(
    "span",
    {},
    button("−", says.out, () => zoom(1 / 1.25)),
    button("+", says.in, () => zoom(1.25)),
    button("⤢", says.fit, () => fit()),
  )
  const bar = make("div", { class: "ad-tools" }, path, search, count, tools)
  const frame = make("div", { class: "ad-frame", tabindex: 0, role: "group", "aria-label": says.frame })
  figure.classList.add("ad-large")
  figure.replaceChildren(bar, frame)

  const { home, names } = whereAndWho(large, top, idOf)

  /** @type {(id: string) => (step: Step) => string[]} */
  const around =
    (id) =>
    ({ active: [node, ...rest] }) => {
      if (id === "") return [node, ...rest]
      const nodes = nodesOf(id)
      if (nodes.includes(node)) return [node, ...(levels.get(id)?.near[node] ?? [])]
      return nodes.filter((other) => holds(other, node))
    }

  const level = (/** @type {string} */ id) => {
    const known = levels.get(id)
    if (known) return known
    const { svg, near } = id === "" ? { svg: top, near: {} } : drawLevel(large, id, prefix)
    const style = top.querySelector("style")
    if (id !== "" && style) svg.prepend(style.cloneNode(true))
    /** @type {Drawn} */
    const made = { svg, near, show: () => {} }
    levels.set(id, made)
    made.show = picture(data, page, frame, svg, around(id), open)
    return made
  }

  const open = (/** @type {string} */ id, focus = true) => {
    if (id !== "" && !large.levels[id]) return
    const before = at
    at = id
    size = 0
    const { svg, show } = level(id)
    // As much as fits is shown at first, as long as it can be read.
    const { width, height } = svg.viewBox.baseVal
    const fits = width * Math.min(1, Math.max(SHRINKS, (MOST_HIGH - 4) / height))
    svg.style.cssText = `width:${fits}px;min-width:${width * SHRINKS}px`
    frame.replaceChildren(svg)
    frame.scrollLeft = frame.scrollTop = 0
    setPath()
    if (chosen) mark(svg, "chosen", [chosen])
    mark(svg, "hit", found)
    show(step, moved)
    if (!focus) return
    const back = before !== id && svg.querySelector(`[id="${prefix}${before}"]`)
    const node = /** @type {SVGElement | null} */ (back || svg.querySelector("[tabindex]"))
    node?.focus({ preventScroll: true })
    if (node) bring(frame, node)
  }

  /** @type {(svg: Element, kind: string, ids: string[]) => void} */
  const mark = (svg, kind, ids) => {
    for (const old of svg.querySelectorAll(`.${kind}`)) old.classList.remove(kind)
    for (const id of ids) svg.querySelector(`[id="${prefix}${id}"]`)?.classList.add(kind)
  }

  // The way from the whole to this level, and to the boxes beside it.
  const setPath = () => {
    /** @type {string[]} */
    const way = []
    for (let id = at; id; id = large.levels[id].up) way.unshift(id)
    const items = ["", ...way].map((id) => {
      const label = id ? nameOf(id) : says.whole
      return id === at ? make("b", { "aria-current": "location" }, label) : link(label, () => open(id))
    })
    /** @type {(Node | string)[]} */
    const links = items.flatMap((item, n) => (n ? [" › ", item] : [item]))
    path.hidden = !Object.keys(large.levels).length
    if (at) links.push(" ", ...toSiblings())
    path.replaceChildren(...links)
  }

  const toSiblings = () => {
    const { up } = large.levels[at]
    const beside = up ? nodesOf(up) : [...top.querySelectorAll(".folded")].map(idOf)
    const boxes = beside.filter((id) => large.levels[id])
    const n = boxes.indexOf(at)
    const ways = [
      { sign: "‹", label: says.back, other: boxes[n - 1] },
      { sign: "›", label: says.forth, other: boxes[n + 1] },
    ]
    return ways.map(({ sign, label, other }) => {
      const made = button(sign, label, () => {
        open(other, false)
        const same = path.querySelector(`[title="${label}"]:not(:disabled)`)
        if (same instanceof HTMLElement) same.focus()
      })
      made.disabled = !other
      return made
    })
  }

  search.oninput = () => {
    const wanted = search.value.trim().toLowerCase()
    const all = [...names].map(([id, name]) => ({ id, name: name.toLowerCase() }))
    const matching = wanted ? all.filter(({ name }) => name.includes(wanted)) : []
    matching.sort((a, b) => Number(b.name === wanted) - Number(a.name === wanted))
    found = matching.map(({ id }) => id)
    place = -1
    mark(level(at).svg, "hit", found)
    mark(level(at).svg, "found", [])
    count.textContent = wanted ? fill(says.found, { n: 0, all: found.length }) : ""
  }
  search.onkeydown = (event) => {
    event.stopPropagation()
    if (event.key !== "Enter" || !found.length) return
    event.preventDefault()
    place = (place + (event.shiftKey ? -1 : 1) + found.length) % found.length
    const id = found[place]
    const where = home.get(id) ?? ""
    if (where !== at) open(where, false)
    mark(level(at).svg, "found", [id])
    const node = level(at).svg.querySelector(`[id="${prefix}${id}"]`)
    if (node) bring(frame, node)
    count.textContent = fill(says.found, { n: place + 1, all: found.length }) + (at ? ` · ${nameOf(at)}` : "")
  }

  /** @type {(factor: (now: number) => number, x?: number, y?: number) => void} */
  const resize = (factor, x = frame.clientWidth / 2, y = frame.clientHeight / 2) => {
    const { svg } = level(at)
    const wide = svg.viewBox.baseVal.width
    const old = svg.getBoundingClientRect()
    const box = frame.getBoundingClientRect()
    const now = old.width / wide
    size = Math.min(3, Math.max(0.05, factor(now)))
    const [dx, dy] = [(box.x + x - old.x) / now, (box.y + y - old.y) / now]
    Object.assign(svg.style, { width: `${wide * size}px`, minWidth: 0, maxWidth: "none" })
    frame.scrollLeft = dx * size - x
    frame.scrollTop = dy * size - y
  }
  /** @type {(by: number, x?: number, y?: number) => void} */
  const zoom = (by, x, y) => resize((now) => now * by, x, y)
  const fit = () => {
    const { width, height } = level(at).svg.viewBox.baseVal
    resize(() => Math.min(1, frame.clientWidth / width, (MOST_HIGH - 4) / height))
    frame.scrollLeft = frame.scrollTop = 0
  }
  const turned = (/** @type {WheelEvent} */ event) => {
    if (!event.ctrlKey && !event.metaKey) return
    event.preventDefault()
    const box = frame.getBoundingClientRect()
    zoom(Math.exp(-event.deltaY / 300), event.clientX - box.x, event.clientY - box.y)
  }
  frame.addEventListener("wheel", turned, { passive: false })
  frame.onkeydown = (event) => {
    if (isCommand(event)) return
    const pan = PANS[event.key]
    if (pan && event.target === frame) frame.scrollBy(...pan)
    else if (event.key === "+" || event.key === "=") zoom(1.25)
    else if (event.key === "-") zoom(1 / 1.25)
    else if (event.key === "0") fit()
    else if (event.key === "Escape" && at) open(large.levels[at].up)
    else return
    consume(event)
  }
  drag(frame)

  page.onChoose((id) => {
    chosen = id
  })
  for (const node of top.querySelectorAll(".folded[id]")) if (!large.levels[idOf(node)]) close(node, says)
  open("", false)
  return [
    figure,
    (to, run) => {
      step = to
      moved = run
      level(at).show(step, moved)
      const node = step ? steps[step - 1].active[0] : ""
      const away = node && at && !nodesOf(at).some((other) => other === node || holds(other, node))
      path.classList.toggle("ad-away", Boolean(away))
    },
  ]
}

/**
 * Where each node is drawn, in the first level from the top, and what it is called.
 *
 * @param {Large} large
 * @param {Element} top
 * @param {(node: Element) => string} idOf
 */
function whereAndWho(large, top, idOf) {
  /** @type {Map<string, string>} */
  const home = new Map()
  /** @type {Map<string, string>} */
  const names = new Map()
  for (const node of top.querySelectorAll(".variable, .function, .folded")) home.set(idOf(node), "")
  for (const [id, { nodes }] of Object.entries(large.levels))
    for (const node of nodes) if (!home.has(node)) home.set(node, id)
  for (const node of top.querySelectorAll(".variable, .function"))
    names.set(idOf(node), node.querySelector("text")?.textContent ?? "")
  for (const [id, { name }] of Object.entries({ ...large.functions, ...large.variables })) names.set(id, name)
  return { home, names }
}

/**
 * Lets a mouse drag what a frame shows.
 *
 * @param {HTMLElement} frame
 */
function drag(frame) {
  /** @type {{ x: number, y: number, left: number, top: number } | null} */
  let held = null
  let dragged = false
  frame.onpointerdown = ({ button, pointerType, clientX, clientY }) => {
    dragged = false
    if (button === 0 && pointerType === "mouse")
      held = { x: clientX, y: clientY, left: frame.scrollLeft, top: frame.scrollTop }
  }
  frame.onpointermove = ({ buttons, clientX, clientY, pointerId }) => {
    if (!buttons) held = null
    if (!held) return
    const [dx, dy] = [clientX - held.x, clientY - held.y]
    if (!dragged && Math.hypot(dx, dy) < 5) return
    if (!dragged) frame.setPointerCapture(pointerId)
    dragged = true
    frame.scrollLeft = held.left - dx
    frame.scrollTop = held.top - dy
  }
  frame.onpointerup = () => {
    held = null
  }
  frame.addEventListener("click", (event) => dragged && event.stopPropagation(), true)
}

/**
 * Whether a box holds this Function: `b3x17` holds `f3` to `f16`.
 *
 * @param {string} box
 * @param {string} node
 */
export function holds(box, node) {
  const found = box.match(/^b(\d+)x(\d+)$/)
  const place = Number(node.slice(1))
  return found !== null && node[0] === "f" && Number(found[1]) <= place && place < Number(found[2])
}
