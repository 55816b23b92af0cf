// A large graph: boxes that open, search by name, and a picture that can be moved and made larger or smaller.
// A box opens into a picture of its own; the path above leads back.
function openable(data, page, figure, top) {
  const { large } = data, { says } = large
  const steps = data.steps || []
  const prefix = data.id + "-"
  const levels = new Map()
  let at, size = 0, step = 0, moved = null, chosen, found = [], place = -1

  const path = make("nav", { "aria-label": says.path })
  const search = make("input", { type: "search", placeholder: says.find, "aria-label": says.find, spellcheck: "false", autocomplete: "off" })
  const count = make("span", { class: "ad-place", "aria-live": "polite" })
  const tools = { out: ["−", () => zoom(1 / 1.25)], in: ["+", () => zoom(1.25)], fit: ["⤢", () => fit()] }
  const buttons = Object.entries(tools).map(([name, [sign, act]]) => button(sign, says[name], act))
  const bar = make("div", { class: "ad-tools" }, path, search, count, make("span", {}, ...buttons))
  const frame = make("div", { class: "ad-frame", tabindex: 0, role: "group", "aria-label": says.frame })
  figure.classList.add("ad-large")
  figure.replaceChildren(bar, frame)

  function button(sign, label, act) {
    const made = make("button", { type: "button", title: label, "aria-label": label }, sign)
    made.onclick = act
    return made
  }

  // Where each node stands: the first level, from the top, that draws it.
  const home = new Map()
  for (const node of top.querySelectorAll(".variable, .function, .folded")) home.set(node.id.slice(prefix.length), "")
  for (const id in large.levels) for (const node of large.levels[id].nodes.split(" ")) if (!home.has(node)) home.set(node, id)
  const names = new Map()
  for (const node of top.querySelectorAll(".variable, .function")) names.set(node.id.slice(prefix.length), node.querySelector("text").textContent)
  for (const id in large.functions) names.set(id, large.names[large.functions[id][0]])
  for (const id in large.variables) names.set(id, large.variables[id][0])

  const around = (id) => ({ active: [node, ...rest] }) => {
    if (id === "") return [node, ...rest]
    const level = large.levels[id], nodes = level.nodes.split(" ")
    if (nodes.includes(node)) return [node, ...(levels.get(id).near[node] || [])]
    return nodes.filter((other) => holds(other, node))
  }

  function level(id) {
    if (!levels.has(id)) {
      const made = id === "" ? { svg: top } : drawLevel(data, id)
      if (id !== "") made.svg.prepend(top.querySelector("style").cloneNode(true))
      levels.set(id, made)
      made.show = picture(data, page, frame, made.svg, around(id), open)
    }
    return levels.get(id)
  }

  function open(id, focus = true) {
    if (id !== "" && !large.levels[id]) return
    const before = at
    at = id
    size = 0
    const { svg, show } = level(id)
    // As much as fits is shown at first, as long as it can be read.
    const { width, height } = svg.viewBox.baseVal
    svg.style.cssText = `width:${width * Math.min(1, Math.max(SHRINKS, (MOST_HIGH - 4) / height))}px;min-width:${width * SHRINKS}px`
    frame.replaceChildren(svg)
    frame.scrollLeft = frame.scrollTop = 0
    setPath()
    if (chosen) mark(svg, "chosen", [chosen])
    mark(svg, "hit", found)
    show(step, moved)
    if (!focus) return
    const back = before !== undefined && svg.querySelector(`[id="${prefix}${before}"]`)
    const node = back || svg.querySelector("[tabindex]")
    node?.focus({ preventScroll: true })
    if (node) bring(frame, node)
  }

  function mark(svg, kind, ids) {
    for (const old of svg.querySelectorAll("." + kind)) old.classList.remove(kind)
    for (const id of ids) svg.querySelector(`[id="${prefix}${id}"]`)?.classList.add(kind)
  }

  // The way from the whole to this level, and to the boxes beside it.
  function setPath() {
    const way = []
    for (let id = at; id; id = large.levels[id].up) way.unshift(id)
    const items = ["", ...way].map((id) => {
      const label = id ? large.boxes[id][1] : says.whole
      if (id === at) return make("b", { "aria-current": "location" }, label)
      const made = make("button", { type: "button", class: "ad-link" }, label)
      made.onclick = () => open(id)
      return made
    })
    const links = items.flatMap((item, n) => (n ? [" › ", item] : [item]))
    path.hidden = !Object.keys(large.levels).length
    if (at) {
      const up = large.levels[at].up
      const beside = up ? large.levels[up].nodes.split(" ") : [...top.querySelectorAll(".folded")].map((node) => node.id.slice(prefix.length))
      const boxes = beside.filter((id) => large.levels[id])
      const n = boxes.indexOf(at)
      links.push(" ")
      for (const [sign, label, other] of [["‹", says.back, boxes[n - 1]], ["›", says.forth, boxes[n + 1]]]) {
        const made = button(sign, label, () => {
          open(other, false)
          path.querySelector(`[title="${label}"]:not(:disabled)`)?.focus()
        })
        made.disabled = !other
        links.push(made)
      }
    }
    path.replaceChildren(...links)
  }

  // Search

  search.oninput = () => {
    const wanted = search.value.trim().toLowerCase()
    found = wanted ? [...names].filter(([, name]) => name.toLowerCase().includes(wanted)).map(([id]) => id) : []
    const exact = (id) => names.get(id).toLowerCase() === wanted
    found.sort((a, b) => exact(b) - exact(a))
    place = -1
    mark(level(at).svg, "hit", found)
    mark(level(at).svg, "found", [])
    count.textContent = wanted ? says.found.replace("{n}", 0).replace("{all}", found.length) : ""
  }
  search.onkeydown = (event) => {
    event.stopPropagation()
    if (event.key !== "Enter" || !found.length) return
    event.preventDefault()
    place = (place + (event.shiftKey ? -1 : 1) + found.length) % found.length
    const id = found[place]
    if (home.get(id) !== at) open(home.get(id), false)
    mark(level(at).svg, "found", [id])
    const node = level(at).svg.querySelector(`[id="${prefix}${id}"]`)
    if (node) bring(frame, node)
    const where = at ? " · " + large.boxes[at][1] : ""
    count.textContent = says.found.replace("{n}", place + 1).replace("{all}", found.length) + where
  }

  // Size and place

  function resize(factor, x = frame.clientWidth / 2, y = frame.clientHeight / 2) {
    const { svg } = level(at)
    const wide = svg.viewBox.baseVal.width
    const old = svg.getBoundingClientRect(), box = frame.getBoundingClientRect()
    const now = old.width / wide
    size = Math.min(3, Math.max(0.05, factor(now)))
    const [dx, dy] = [(box.x + x - old.x) / now, (box.y + y - old.y) / now]
    Object.assign(svg.style, { width: wide * size + "px", minWidth: 0, maxWidth: "none" })
    frame.scrollLeft = dx * size - x
    frame.scrollTop = dy * size - y
  }
  const zoom = (by, x, y) => resize((now) => now * by, x, y)
  const fit = () => {
    const { width, height } = level(at).svg.viewBox.baseVal
    resize(() => Math.min(1, frame.clientWidth / width, (MOST_HIGH - 4) / height))
    frame.scrollLeft = frame.scrollTop = 0
  }
  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return
    event.preventDefault()
    const box = frame.getBoundingClientRect()
    zoom(Math.exp(-event.deltaY / 300), event.clientX - box.x, event.clientY - box.y)
  }, { passive: false })
  frame.onkeydown = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return
    const pan = { ArrowLeft: [-80, 0], ArrowRight: [80, 0], ArrowUp: [0, -80], ArrowDown: [0, 80] }[event.key]
    if (pan && event.target === frame) frame.scrollBy(...pan)
    else if (event.key === "+" || event.key === "=") zoom(1.25)
    else if (event.key === "-") zoom(1 / 1.25)
    else if (event.key === "0") fit()
    else if (event.key === "Escape" && at) open(large.levels[at].up)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  let held, dragged
  frame.onpointerdown = (event) => {
    dragged = false
    if (event.button === 0 && event.pointerType === "mouse") held = [event.clientX, event.clientY, frame.scrollLeft, frame.scrollTop]
  }
  frame.onpointermove = (event) => {
    if (!held || !event.buttons) return (held = null)
    const dx = event.clientX - held[0], dy = event.clientY - held[1]
    if (!dragged && Math.hypot(dx, dy) < 5) return
    if (!dragged) frame.setPointerCapture(event.pointerId)
    dragged = true
    frame.scrollLeft = held[2] - dx
    frame.scrollTop = held[3] - dy
  }
  frame.onpointerup = () => (held = null)
  frame.addEventListener("click", (event) => dragged && event.stopPropagation(), true)

  page.onChoose((id) => (chosen = id))
  for (const node of top.querySelectorAll(".folded[id]")) if (!large.levels[node.id.slice(prefix.length)]) closed(node, says)
  open("", false)
  return [figure, (to, run) => {
    step = to
    moved = run
    level(at).show(step, moved)
    const node = step && steps[step - 1].active[0]
    const away = node && at && !large.levels[at].nodes.split(" ").some((other) => other === node || holds(other, node))
    path.classList.toggle("ad-away", Boolean(away))
  }]
}

const MOST_HIGH = 560
const SHRINKS = 0.72

// Whether a box holds this Function: `b3x17` holds `f3` to `f16`.
function holds(box, node) {
  const [, start, stop] = box.match(/^b(\d+)x(\d+)$/) || []
  const place = Number(node.slice(1))
  return start !== undefined && node[0] === "f" && Number(start) <= place && place < Number(stop)
}

// A box that this page has no level for.
function closed(node, says) {
  node.classList.add("closed")
  const title = node.querySelector("title")
  title.textContent += ", " + says.beyond
}

// Drawing a level, with the same marks as the first picture has.

const SVG = "http://www.w3.org/2000/svg"
const MARKS = { pass: "M-3.6.2-1 2.9 3.8-2.6", fail: "M-2.9-2.9 2.9 2.9M2.9-2.9-2.9 2.9", inconclusive: "M-2-1.8a2 2 0 1 1 2.6 2q-.6.3-.6 1.4M0 3.7v.1" }
const VERDICTS = ["", "pass", "fail", "inconclusive"]

function shape(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag)
  for (const name in attributes) element.setAttribute(name, attributes[name])
  element.append(...children)
  return element
}

function wide(text, size) {
  let em = 0
  for (const character of text) em += character.charCodeAt(0) < 128 ? 0.61 : 1
  return em * size
}

function drawLevel(data, id) {
  const { large } = data, level = large.levels[id]
  const crowds = level.crowds || {}
  const ids = level.nodes.split(" ").concat(Object.keys(crowds))
  const edges = []
  for (let i = 0; i < level.edges.length; i += 2) edges.push([level.edges[i], level.edges[i + 1]])
  const drawn = ids.map((node) =>
    node[0] === "v" ? variable(large, node) : node[0] === "f" ? call(large, node) : folded(large, node, crowds[node]),
  )
  // The edge that is to blame leads through a plate with its numbers.
  const plates = []
  const laid = edges.flatMap(([a, b], number) => {
    const text = level.wrong?.[`${ids[a]} ${ids[b]}`]
    if (!text || plates.some((plate) => plate.number === number)) return [[a, b, number]]
    const room = wide(text, 11.5) + 14
    drawn.push({ size: [room, 22], draw: () => [shape("g", { class: "plate" }, shape("rect", { width: room, height: 22, rx: 4 }), words("w", text, room / 2, 15))] })
    plates.push({ number, place: drawn.length - 1 })
    return [[a, drawn.length - 1, number], [drawn.length - 1, b, number]]
  })
  const sizes = drawn.map(({ size }) => size)
  const late = plates.map((plate) => plate.place)
  const [right, down] = [true, false].map((across) => layered(sizes, laid, across, late))
  const scale = ({ wide, high }) => Math.min(1, 1200 / wide, MOST_HIGH / high)
  const found = scale(right) >= scale(down) ? right : down
  const margin = 14
  const size = [found.wide + 2 * margin, found.high + 2 * margin].map(Math.ceil)
  const svg = shape("svg", {
    class: "ad-svg", role: "group", "aria-label": large.boxes[id].slice(1).join(", "), width: size[0], height: size[1],
    viewBox: `${-margin} ${-margin} ${size.join(" ")}`,
  })
  const near = {}
  // An edge that only says that a leaf goes into a box as well.
  const aside = (number) => {
    const [a, b] = edges[number]
    return ids[b][0] === "b" && large.variables[ids[a]]?.[1] & 2 && edges.some(([tail, head]) => tail === a && head !== b)
  }
  laid.forEach(([a, b, number], place) => {
    const name = "e" + place
    const wrong = plates.some((plate) => plate.number === number)
    svg.append(shape("path", { class: "edge" + (wrong ? " wrong" : "") + (aside(number) ? " aside" : ""), id: `${data.id}-${name}`, d: found.paths[place] }))
    const [tail, head] = edges[number].map((end) => ids[end])
    for (const [end, other] of [[tail, head], [head, tail]]) if (end[0] === "f") (near[end] ??= []).push(name, other)
  })
  const order = drawn.map((_, place) => place).sort((a, b) => {
    const [[x, y], [u, v]] = [found.centres[a], found.centres[b]]
    return found === right ? x - u || y - v : y - v || x - u
  })
  order.forEach((place) => {
    const { size: [w, h], draw } = drawn[place]
    const [x, y] = found.centres[place]
    const [element] = draw()
    element.setAttribute("transform", `translate(${(x - w / 2).toFixed(1)} ${(y - h / 2).toFixed(1)})`)
    if (place < ids.length && !crowds[ids[place]]) element.id = `${data.id}-${ids[place]}`
    svg.append(element)
  })
  return { svg, near }
}

function words(kind, text, x, y) {
  return shape("text", { class: kind, x: Math.round(x), y }, text)
}

function sign(verdict, x, y) {
  return shape("g", { class: "mark", transform: `translate(${Math.round(x)} ${Math.round(y)})` }, shape("circle", { r: 7.5 }), shape("path", { d: MARKS[verdict] }))
}

function variable({ variables, says }, id) {
  const [name, flags, value, gradient, kind, code] = variables[id]
  const role = flags & 2 ? "leaf" : flags & 4 ? "output" : "intermediate"
  const shown = role === "intermediate" ? "" : says[role]
  const rows = [[name, shown, "r"]]
  if (kind) rows.push(["", kind, "t"])
  if (flags & 8) rows.push(["data", value, "d"])
  if (flags & 16) rows.push(["grad", gradient, "d grad"])
  const rooms = rows.map(([label, text], n) => (n ? wide(text, 12) + (label ? wide(label, 10.5) + 12 : 0) : wide(label, 13) + (text ? wide(text, 10.5) + 16 : 0)))
  const w = Math.round(Math.max(84, ...rooms) + 22), h = rows.length * 18 + 12
  const verdict = VERDICTS[code || 0]
  const said = [name, says[role], kind, `data ${value}`, flags & 16 ? `grad ${gradient}` : "", verdict && says[verdict]].filter(Boolean).join(", ")
  const draw = () => {
    const group = shape("g", { class: ["variable", role, verdict].join(" ").trim() }, shape("title", {}, said), shape("rect", { width: w, height: h, rx: 8 }))
    if (role === "output") group.append(shape("rect", { class: "inner", x: 3, y: 3, width: w - 6, height: h - 6, rx: 5 }))
    rows.forEach(([label, text, type], n) => {
      if (label) group.append(words(n ? "k" : flags & 1 ? "n" : "u", label, 11, 19 + n * 18))
      if (text) group.append(words(type, text, w - 11, 19 + n * 18))
    })
    if (verdict) group.append(sign(verdict, w - 4, 3))
    return [group]
  }
  return { size: [w, h], draw }
}

function call({ functions, names, says, blamed }, id) {
  const [name, line, code, by] = functions[id]
  const label = names[name], verdict = VERDICTS[code || 0], below = by === undefined ? "" : names[by]
  const w = Math.round(Math.max(66, wide(label, 13) * 1.12 + 24, wide(below, 10.5) * 1.15 + 22)), h = 40
  const said = (line ? says.called.replace("{name}", () => label).replace("{line}", line) : label) + (below && `, ${below}`)
  const state = says["function-" + (verdict || "unchecked")]
  const draw = () => {
    const group = shape("g", { class: `function ${verdict}${blamed.includes(id) ? " blamed" : ""}` }, shape("title", {}, state ? `${said}, ${state}` : said))
    group.append(shape("ellipse", { cx: w / 2, cy: h / 2, rx: w / 2, ry: h / 2 }), words("c", label, w / 2, below ? h / 2 : h / 2 + 4.5))
    if (below) {
      const text = words("k", below, w / 2, h / 2 + 13)
      text.setAttribute("text-anchor", "middle")
      group.append(text)
    }
    if (verdict) group.append(sign(verdict, w * 0.85, h * 0.12))
    return [group]
  }
  return { size: [w, h], draw }
}

function folded({ boxes, levels, says }, id, crowd) {
  const [flags, ...rows] = crowd ? [0, ...crowd] : boxes[id]
  const w = Math.round(Math.max(wide(rows[0], 13), ...rows.slice(1).map((row) => wide(row, 10.5))) + 32), h = rows.length * 17 + 16
  const said = [...rows, flags & 2 ? says.holds_fail : ""].filter(Boolean).join(", ")
  const draw = () => {
    const group = shape("g", { class: "folded" + (flags & 2 ? " fail" : "") }, shape("title", {}, said))
    if (flags & 1) group.append(shape("rect", { x: 5, y: 5, width: w, height: h, rx: 5 }))
    group.append(shape("rect", { width: w, height: h, rx: 5 }))
    rows.forEach((row, n) => group.append(words(n ? "s" : "h", row, w / 2, 21 + n * 17)))
    if (flags & 2) group.append(sign("fail", w - 4, 3))
    if (!crowd && !levels[id]) closed(group, says)
    return [group]
  }
  return { size: [w, h], draw }
}
