// An array as numbers or as a heat map with a colour bar. `map.mark(place, others)` shows which elements are meant.

// The numbers of one packed array.
function unpack({ f8, f4 }) {
  const bytes = Uint8Array.from(atob(f8 ?? f4), (c) => c.charCodeAt()).buffer
  return f8 === undefined ? new Float32Array(bytes) : new Float64Array(bytes)
}

function spell(value, digits = 5) {
  return String(Number(value.toPrecision(digits))).replace("e+", "e").replace("Infinity", "inf").replace("NaN", "nan")
}

// Where each element stands: vectors in rows, matrices as they are, further axes as tiles with a gap between.
function arrange(shape, wrap) {
  const count = shape.reduce((all, size) => all * size, 1)
  let [high, wide] = [1, 1, ...shape].slice(-2)
  let across = 1
  if (Math.max(high, wide) === count && count > wrap) [high, wide] = [Math.ceil(count / wrap), wrap]
  else if (shape.length === 3) across = Math.ceil(Math.sqrt((shape[0] * high) / wide))
  else if (shape.length > 3) across = shape.at(-3)
  const places = []
  for (let i = 0; i < count; i++) {
    const tile = Math.floor(i / (high * wide)), down = Math.floor(i / wide) % high
    places.push([Math.floor(tile / across) * (high + 1) + down, (tile % across) * (wide + 1) + (i % wide)])
  }
  const [rows, columns] = [0, 1].map((axis) => places.reduce((most, place) => Math.max(most, place[axis]), 0) + 1)
  const at = new Map(places.map(([row, column], i) => [row * columns + column, i]))
  return { places, rows, columns, at: (row, column) => (column < 0 || column >= columns ? undefined : at.get(row * columns + column)) }
}

// A map of `values`. Where `point` is given its elements can be pointed at: by mouse, by touch, by the arrow keys.
function drawMap({ values, shape, title, label, small, point, id }) {
  const numbers = values.length <= 36
  const plan = arrange(shape, numbers ? 9 : 50)
  const inner = numbers ? numberTable(values, plan, point && id) : heatMap(values, plan, small)
  const target = inner.element
  target.setAttribute("aria-label", label)
  if (!numbers) target.setAttribute("role", point ? "application" : "img")
  if (point) {
    if (numbers) target.setAttribute("role", "grid")
    let now
    const go = (place, held) => point((now = place), held)
    target.tabIndex = 0
    target.onpointermove = (event) => go(inner.find(event), false)
    target.onpointerdown = (event) => go(inner.find(event), true)
    target.onpointerleave = () => point(undefined, false)
    target.onfocus = () => target.matches(":focus-visible") && go(now ?? 0, true)
    target.onkeydown = (event) => {
      const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [], End: [] }[event.key]
      if (!way || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return
      event.preventDefault()
      event.stopPropagation()
      if (!way.length) return go(event.key === "Home" ? 0 : values.length - 1, true)
      let [row, column] = plan.places[now ?? 0]
      for (let tries = 0; tries < 2; tries++) {
        row += way[0]
        column += way[1]
        const next = plan.at(row, column)
        if (next !== undefined) return go(next, true)
      }
    }
  }
  const element = make("div", { class: "ad-map" }, make("span", { class: "ad-note" }, ...[title].flat()), target)
  if (inner.bar) element.append(inner.bar)
  return { element, mark: inner.mark }
}

function numberTable(values, plan, id) {
  const cells = []
  const rows = Array.from({ length: plan.rows }, (_, row) => make("tr", {}, ...Array.from({ length: plan.columns }, (_, column) => {
    const i = plan.at(row, column)
    if (i === undefined) return make("td", { class: "ad-gap" })
    return (cells[i] = make("td", id ? { role: "gridcell", id: `${id}-${i}` } : {}, spell(values[i], 4)))
  })))
  const element = make("table", { "data-lm-suppress-shortcuts": "true" }, make("tbody", {}, ...rows))
  return {
    element,
    find: (event) => {
      const i = cells.indexOf(event.target)
      return i < 0 ? undefined : i
    },
    mark(place, others = new Set()) {
      cells.forEach((cell, i) => {
        cell.classList.toggle("ad-chosen", i === place)
        cell.classList.toggle("ad-linked", others.has(i))
      })
      if (place === undefined || !id) element.removeAttribute("aria-activedescendant")
      else element.setAttribute("aria-activedescendant", cells[place].id)
    },
  }
}

// Blue below zero, orange above: told apart by all who see colours differently, and by how dark they are.
const NEGATIVE = [8, 69, 148], ZERO = [244, 243, 238], POSITIVE = [176, 74, 0]

function colour(share) {
  const end = share < 0 ? NEGATIVE : POSITIVE
  const by = Math.abs(share) ** 0.8
  return `rgb(${ZERO.map((from, i) => Math.round(from + (end[i] - from) * by))})`
}

// Where the colours begin and end, and how a value becomes a share of them: around zero where there are both signs.
function scale(values) {
  const known = [...values].filter(Number.isFinite)
  let low = known.reduce((a, b) => Math.min(a, b), Infinity), high = known.reduce((a, b) => Math.max(a, b), -Infinity)
  if (!known.length) [low, high] = [0, 1]
  const most = Math.max(Math.abs(low), Math.abs(high)) || 1
  if (low < 0 && high > 0) return { low: -most, high: most, share: (value) => value / most }
  if (low === high) return { low: Math.min(low, 0), high: Math.max(high, 0) || 1, share: (value) => value / most }
  const sign = low < 0 ? -1 : 1
  if (Math.min(Math.abs(low), Math.abs(high)) < most / 2) sign < 0 ? (high = 0) : (low = 0)
  const start = sign < 0 ? high : low
  return { low, high, share: (value) => (sign * Math.abs(value - start)) / (high - low) }
}

function ticks({ low, high }) {
  const rough = (high - low) / 4
  const unit = 10 ** Math.floor(Math.log10(rough))
  const step = unit * ([1, 2, 2.5, 5].find((by) => by * unit >= rough) ?? 10)
  const found = []
  for (let i = Math.ceil(low / step); i * step <= high + step * 1e-9; i++) found.push(i * step)
  return found
}

function heatMap(values, plan, small) {
  const room = small ? 120 : 190
  const [across, down] = [Math.min(room / plan.columns, 20), Math.min(room / plan.rows, 20)]
  const square = Math.max(across, down) / Math.min(across, down) > 3 ? [across, down] : [Math.min(across, down), Math.min(across, down)]
  const [wide, high] = square.map((size) => Math.max(Math.floor(size * 2) / 2, 1.5))
  const sharp = 2, rim = 2
  const [right, bottom] = [plan.columns * wide + 2 * rim, plan.rows * high + 2 * rim]
  const canvas = make("canvas", { width: right * sharp, height: bottom * sharp })
  const marks = canvas.cloneNode()
  const range = scale(values)
  const draw = canvas.getContext("2d"), over = marks.getContext("2d")
  for (const context of [draw, over]) context.scale(sharp, sharp)
  const box = (i, more = 0) => [plan.places[i][1] * wide - more + rim, plan.places[i][0] * high - more + rim, wide + 2 * more, high + 2 * more]
  values.forEach((value, i) => {
    draw.fillStyle = Number.isFinite(value) ? colour(range.share(value)) : "#fff"
    draw.fillRect(...box(i))
    if (!Number.isFinite(value)) hatch(draw, ...box(i))
  })
  for (const one of [canvas, marks]) Object.assign(one.style, { width: right + "px", height: bottom + "px" })
  const element = make("div", { class: "ad-canvas", "data-lm-suppress-shortcuts": "true" }, canvas, marks)
  return {
    element,
    bar: colourBar(range),
    find: (event) => {
      const frame = canvas.getBoundingClientRect()
      const ratio = frame.width / right
      const column = Math.floor(((event.clientX - frame.x) / ratio - rim) / wide), row = Math.floor(((event.clientY - frame.y) / ratio - rim) / high)
      return plan.at(row, column)
    },
    mark(place, others = new Set()) {
      over.clearRect(0, 0, marks.width, marks.height)
      if (place === undefined && !others.size) return
      const all = place === undefined ? [...others] : [place, ...others]
      const few = others.size <= 4
      over.fillStyle = "#888b"
      if (others.size) {
        over.fillRect(rim, rim, right - 2 * rim, bottom - 2 * rim)
        for (const i of all) over.clearRect(...box(i))
      }
      for (const [ink, thick] of [["#fff", 3], ["#000", 1.5]]) {
        over.strokeStyle = ink
        over.lineWidth = thick
        if (few || Math.min(wide, high) > 4) for (const i of others) over.strokeRect(...box(i, few ? 1 : -0.5))
        if (place !== undefined) over.strokeRect(...box(place, 1))
      }
    },
  }
}

function hatch(context, x, y, wide, high) {
  context.strokeStyle = "#555"
  context.lineWidth = Math.min(1, wide / 4)
  context.beginPath()
  context.moveTo(x, y + high)
  context.lineTo(x + wide, y)
  context.stroke()
}

function colourBar(range) {
  const stops = Array.from({ length: 17 }, (_, i) => colour(range.share(range.low + ((range.high - range.low) * i) / 16)))
  const words = ticks(range).map((value) => {
    const left = (100 * (value - range.low)) / (range.high - range.low)
    return make("span", { style: `left:${left}%` }, spell(value))
  })
  return make("div", { class: "ad-scale", "aria-hidden": "true" }, make("i", { style: `background:linear-gradient(90deg,${stops})` }), ...words)
}
