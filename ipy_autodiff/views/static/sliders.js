// Sliders for an output whose kernel runs, and the curve of the output over the input that moves.
// They come with the live model, so a saved page does not carry what it could not use.

const SVG = "http://www.w3.org/2000/svg"
const REST = 220

function build(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const name in attributes) element.setAttribute(name, attributes[name])
  element.append(...children)
  return element
}

function shape(tag, attributes = {}) {
  const element = document.createElementNS(SVG, tag)
  for (const name in attributes) element.setAttribute(name, attributes[name])
  return element
}

function spell(number, digits = 5) {
  return String(+number.toPrecision(digits)).replace("e+", "e")
}

// Short enough to stand beside an axis.
function spellTick(number) {
  const round = +number.toPrecision(4)
  return Math.abs(round) < 1e5 ? spell(round) : round.toExponential().replace("e+", "e")
}

function fillBlanks(sentence, blanks) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => blanks[name] ?? whole)
}

// Round numbers between two ends: about `count` of them.
function ticks(low, high, count) {
  const raw = (high - low) / count
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].find((digit) => digit * power >= raw) * power
  const found = []
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-6; at += step) found.push(Math.abs(at) < step / 1e6 ? 0 : at)
  return found
}

// The part of the y-axis that is shown: all of the curve, but for the far ends of one that runs away.
function extent(ys) {
  const sorted = ys.filter((y) => y !== null).sort((a, b) => a - b)
  if (!sorted.length) return null
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))]
  const span = at(0.9) - at(0.1)
  let low = Math.max(sorted[0], at(0.1) - 1.5 * span)
  let high = Math.min(sorted[sorted.length - 1], at(0.9) + 1.5 * span)
  if (!(high > low)) [low, high] = [sorted[0] - (Math.abs(sorted[0]) || 1) / 2, sorted[0] + (Math.abs(sorted[0]) || 1) / 2]
  const air = (high - low) * 0.08
  return [low - air, high + air]
}

let pictures = 0

// A plot that is built once for a curve; `place` moves its point and its tangent.
function drawPlot(says, pick) {
  const wide = 400, high = 236, left = 52, right = 12, top = 10, bottom = 34
  const clip = `ad-clip${++pictures}-${Math.random().toString(36).slice(2, 8)}`
  const svg = shape("svg", { viewBox: `0 0 ${wide} ${high}`, class: "ad-plot", role: "img" })
  const box = shape("clipPath", { id: clip })
  box.append(shape("rect", { x: left, y: top, width: wide - left - right, height: high - top - bottom }))
  const axes = shape("g"), inner = shape("g", { "clip-path": `url(#${clip})` })
  const curve = shape("path", { class: "ad-curve" }), tangent = shape("path", { class: "ad-tangent" })
  const point = shape("circle", { class: "ad-point", r: 5 }), home = shape("path", { class: "ad-home" })
  inner.append(curve, tangent)
  svg.append(box, axes, home, inner, point)
  let scale = null
  const text = (x, y, anchor, words, kind = "") => {
    const element = shape("text", { x, y, "text-anchor": anchor, class: kind })
    element.textContent = words
    return element
  }
  const toX = (x) => left + ((x - scale.low) / (scale.high - scale.low)) * (wide - left - right)
  const toY = (y) => top + ((scale.top - y) / (scale.top - scale.base)) * (high - top - bottom)
  svg.onpointerdown = (event) => {
    if (!scale || event.button) return
    const go = ({ clientX }) => {
      const frame = svg.getBoundingClientRect()
      const share = (((clientX - frame.left) / frame.width) * wide - left) / (wide - left - right)
      pick(scale.low + Math.min(1, Math.max(0, share)) * (scale.high - scale.low))
    }
    svg.setPointerCapture(event.pointerId)
    svg.onpointermove = go
    svg.onpointerup = svg.onpointercancel = () => (svg.onpointermove = null)
    go(event)
    event.preventDefault()
  }
  return {
    svg,
    clear() {
      scale = null
      svg.classList.add("ad-empty")
    },
    over({ low, high: end, ys }, control, yName) {
      const seen = extent(ys)
      if (!seen) return this.clear()
      svg.classList.remove("ad-empty")
      scale = { low, high: end, base: seen[0], top: seen[1] }
      axes.replaceChildren()
      for (const at of ticks(low, end, 5)) {
        axes.append(shape("path", { class: at ? "ad-grid" : "ad-zero", d: `M${toX(at)} ${top}V${high - bottom}` }))
        axes.append(text(toX(at), high - bottom + 15, "middle", spellTick(at)))
      }
      for (const at of ticks(...seen, 4)) {
        axes.append(shape("path", { class: at ? "ad-grid" : "ad-zero", d: `M${left} ${toY(at)}H${wide - right}` }))
        axes.append(text(left - 6, toY(at) + 4, "end", spellTick(at)))
      }
      axes.append(text(wide - right, high - 4, "end", control.label, "ad-axis"), text(left + 6, top + 12, "start", yName, "ad-axis"))
      let path = "", pen = "M"
      ys.forEach((y, index) => {
        if (y === null) return (pen = "M")
        const far = Math.max(-1e4, Math.min(1e4, toY(y)))
        path += `${pen}${toX(low + ((end - low) * index) / (ys.length - 1)).toFixed(1)} ${far.toFixed(1)}`
        pen = "L"
      })
      curve.setAttribute("d", path)
      home.setAttribute("d", `M${toX(control.value) - 4} ${high - bottom}h8l-4 -7z`)
      svg.setAttribute("aria-label", fillBlanks(says.curve, { y: yName, x: control.label }))
    },
    place(x, y, slope) {
      const seen = scale && y !== null && y !== undefined
      point.style.display = seen ? "" : "none"
      tangent.style.display = seen && slope !== null && slope !== undefined ? "" : "none"
      if (!seen) return
      const at = toY(y)
      point.setAttribute("cx", toX(x))
      point.setAttribute("cy", Math.max(top, Math.min(high - bottom, at)))
      if (tangent.style.display) return
      const tilt = (toY(y + slope * (scale.high - scale.low)) - at) / (wide - left - right)
      const reach = Math.min(130, 260 / Math.hypot(1, tilt) + 8)
      tangent.setAttribute("d", `M${toX(x) - reach} ${at - tilt * reach}L${toX(x) + reach} ${at + tilt * reach}`)
    },
  }
}

// Draws the sliders into `slot`. `hooks` is the output they belong to: its step, and how it shows a moved run.
function drawSliders(slot, model, hooks) {
  const by = Math.random().toString(36).slice(2)
  let setup = model.get("controls")
  const says = setup.says
  let hand = {}
  let active = ""
  let number = 0
  let got = 0
  let depth = 1
  let again = false
  let turn = 0
  let dead = false
  let resting
  let late
  let frame = 0
  let latest = {}
  let curve = null
  const rows = new Map()
  const control = (name) => setup.sliders.find((one) => one.name === name)

  const plot = drawPlot(says, (x) => {
    const one = control(active)
    move(active, Math.min(one.max, Math.max(one.min, one.min + Math.round((x - one.min) / one.step) * one.step)))
  })
  const list = build("div", { class: "ad-rows" })
  const slope = build("p", { class: "ad-slope", "aria-live": "off" })
  const said = build("div", { class: "ad-said", role: "status" })
  const reset = build("button", { type: "button", class: "ad-text", "data-autodiff": "reset", title: says.reset_long }, says.reset)
  const adder = build("form", { class: "ad-adder" })
  const bar = build("div", { class: "ad-bar ad-sliders-bar" }, build("b", {}, says.heading), reset)
  const picture = build("div", { class: "ad-picture" }, slope, plot.svg)
  const section = build(
    "section",
    { "data-autodiff": "sliders", "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": says.label },
    build("style", {}, STYLE),
    bar,
    build("div", { class: "ad-hand" }, build("div", {}, list, adder, said), picture),
  )
  section.onkeydown = (event) => event.stopPropagation()

  const waiting = () => number > got

  function send(kind, more = {}) {
    try {
      model.send({ kind, by, n: ++number, step: hooks.step(), of: active, ...more })
    } catch {
      return end()
    }
    clearTimeout(late)
    late = setTimeout(() => section.classList.add("ad-waits"), 700)
  }

  // The latest position goes out once a frame. A few may be on their way at once where the kernel answers quickly:
  // the way there and back takes longer than the answer.
  function ask() {
    if (dead) return
    clearTimeout(resting)
    again = true
    if (!waiting()) pump()
    else turn ||= requestAnimationFrame(pump)
  }

  function pump() {
    cancelAnimationFrame(turn)
    turn = 0
    if (dead || !again || number - got >= depth) return
    again = false
    send("move", { values: hand })
  }

  function rest() {
    if (!dead && !waiting()) send("rest")
  }

  function answered() {
    const update = model.get("update") || {}
    const mine = update.by === by
    if (mine) {
      got = Math.max(got, update.n)
      if (update.ms && !update.rest) depth = update.ms < 6 ? 4 : update.ms < 16 ? 2 : 1
    }
    if (!waiting()) {
      clearTimeout(late)
      section.classList.remove("ad-waits")
    }
    if (update.values && (!mine || (update.rest && !again && !waiting()))) hand = { ...update.values }
    latest = update
    if (update.curve) curve = update.curve
    if (again) turn ||= requestAnimationFrame(pump)
    else if (!waiting() && !update.rest && mine && !update.refused) {
      clearTimeout(resting)
      resting = setTimeout(rest, REST)
    }
    frame ||= requestAnimationFrame(draw)
  }

  function draw() {
    frame = 0
    if (dead) return
    hooks.show(latest.moved && !latest.error ? { ...latest, order: setup.order } : null)
    const foreign = latest.by !== by || latest.rest
    for (const [name, row] of rows) if (foreign && name in hand) row.put(hand[name])
    const at = latest.values || hand
    const one = control(active) || setup.sliders[0]
    const yName = setup.whole ? setup.of : fillBlanks(says.sum_of, { y: setup.of })
    const tilt = latest.slopes?.[one?.name]
    if (one && curve?.of === one.name) {
      if (plot.of !== curve) plot.over(curve, one, yName)
      plot.of = curve
      plot.place(at[one.name] ?? one.value, latest.y, tilt)
    } else plot.clear()
    if (one && latest.slopes) {
      const value = tilt === null || tilt === undefined ? build("span", {}, says.no_slope) : build("b", {}, spell(tilt))
      slope.replaceChildren(build("span", { class: "ad-ratio" }, `d${setup.whole ? setup.of : "(" + yName + ")"}/d${one.label} = `), value)
      if (latest.y !== null && latest.y !== undefined) slope.append(build("span", {}, `${yName} = ${spell(latest.y)}`))
    }
    const branches = latest.branches || []
    const words = [latest.error, latest.refused, ...branches].filter(Boolean)
    if (words.join() + setup.anew !== said.dataset.words) {
      said.dataset.words = words.join() + setup.anew
      said.replaceChildren(...words.map((text) => build("p", { class: "ad-notice" }, text)))
      if (branches.length && setup.can_run) {
        const run = build("button", { type: "button", class: "ad-text", "data-autodiff": "anew", title: says.run_anew_long }, says.run_anew)
        run.onclick = () => send("anew")
        said.append(run)
      }
      if (setup.anew) {
        const back = build("button", { type: "button", class: "ad-text", "data-autodiff": "recorded" }, says.recorded)
        back.onclick = () => send("recorded")
        said.prepend(build("p", { class: "ad-notice" }, setup.anew), back)
      }
    }
    reset.disabled = setup.sliders.every(({ name, value }) => (hand[name] ?? value) === value)
  }

  function move(name, value) {
    if (!Number.isFinite(value) || dead) return
    const one = control(name)
    value = +Math.min(one.max, Math.max(one.min, value)).toPrecision(12)
    hand[name] = value
    rows.get(name).put(value)
    choose(name)
    ask()
  }

  function choose(name) {
    if (active === name) return
    active = name
    for (const [other, row] of rows) row.element.classList.toggle("ad-chosen", other === name)
    if (waiting()) ask()
    else rest()
  }

  function drawRow(one) {
    const id = `${by}-${rows.size}`
    const range = build("input", { type: "range", id, min: one.min, max: one.max, step: one.step })
    const exact = build("input", { type: "number", step: one.step, "aria-label": fillBlanks(says.value_of, { name: one.label }) })
    const label = build("label", { for: id }, one.label)
    const element = build("div", { "data-autodiff": "slider", "data-variable": one.name, class: "ad-slider" }, label, range, exact)
    range.oninput = () => {
      const value = Number(range.value)
      move(one.name, Math.abs(value - one.value) < one.step / 1e6 ? one.value : value)
    }
    exact.onchange = () => move(one.name, exact.valueAsNumber)
    exact.oninput = () => exact.value !== "" && exact.checkValidity !== undefined && move(one.name, exact.valueAsNumber)
    range.onfocus = exact.onfocus = () => choose(one.name)
    const put = (value) => {
      range.value = value
      range.setAttribute("aria-valuetext", spell(value, 6))
      if (document.activeElement !== exact) exact.value = spell(value, 6)
    }
    rows.set(one.name, { element, put })
    put(hand[one.name] ?? one.value)
    return element
  }

  function arrange() {
    setup = model.get("controls")
    const values = model.get("update")?.values || {}
    hand = Object.fromEntries(setup.sliders.map((one) => [one.name, values[one.name] ?? one.value]))
    rows.clear()
    list.replaceChildren(...setup.sliders.map(drawRow))
    if (!control(active)) active = setup.sliders[0]?.name || ""
    for (const [name, row] of rows) row.element.classList.toggle("ad-chosen", name === active)
    list.append(...setup.remarks.map((text) => build("p", { class: "ad-note" }, text)))
    adder.hidden = !setup.example
    slot.hidden = !setup.sliders.length && !setup.remarks.length
    bar.hidden = picture.hidden = !setup.sliders.length
    reset.disabled = true
  }

  function end() {
    if (dead) return
    dead = true
    clearTimeout(resting)
    clearTimeout(late)
    cancelAnimationFrame(frame)
    cancelAnimationFrame(turn)
    section.classList.remove("ad-waits")
    section.classList.add("ad-gone")
    for (const input of section.querySelectorAll("input, button")) input.disabled = true
    for (const one of setup.sliders) rows.get(one.name)?.put(one.value)
    said.replaceChildren(build("p", { class: "ad-note" }, says.gone))
    slope.replaceChildren()
    plot.clear()
    hooks.show(null)
  }

  reset.onclick = () => {
    hand = Object.fromEntries(setup.sliders.map(({ name, value }) => [name, value]))
    for (const [name, row] of rows) row.put(hand[name])
    ask()
  }
  const wanted = build("input", { type: "text", size: 9, placeholder: setup.example, "aria-label": fillBlanks(says.add_label, { name: setup.example }) })
  adder.append(wanted, build("button", { class: "ad-text" }, says.add))
  adder.onsubmit = (event) => {
    event.preventDefault()
    if (wanted.value.trim()) send("add", { name: wanted.value })
    wanted.value = ""
  }

  const check = async () => {
    const whole = await model.widget_manager?.get_model?.(setup.model)
    if (!whole?.comm_live) end()
  }
  const heard = [["change:update", answered], ["change:controls", arrange], ["comm_live_update", check]]
  for (const [name, listener] of heard) model.on(name, listener)
  arrange()
  slot.replaceChildren(section)
  answered()
  if (setup.sliders.length) rest()
  return {
    // The output shows another step: while something is moved, Python has its lines.
    stepped() {
      if (latest.moved && latest.step !== hooks.step()) ask()
    },
    stop() {
      for (const [name, listener] of heard) model.off(name, listener)
      end()
    },
  }
}
