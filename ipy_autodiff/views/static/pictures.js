// Pictures of the comparison, drawn when they are opened: the error against the step size, and of arrays what
// `array_pictures.js` draws. What a picture shows is said below it, for those who cannot see it.
const PICTURES = { steps: drawErrors }

function drawPictures({ pictures: { rows, says, ask } }, state, id) {
  const box = make("div", { class: "ad-pictures" })
  const choices = make("div")
  const details = make("details", {}, make("summary", {}, says.title), choices, box)
  const draw = () => {
    const row = rows.find(({ name }) => name === state.row) || rows[0]
    if (!row) return box.replaceChildren(note(ask))
    const kinds = Object.keys(PICTURES).filter((kind) => row[kind])
    box.replaceChildren(...kinds.map((kind) => make("figure", {}, PICTURES[kind](row[kind], says, row.verdict), make("figcaption", {}, row[kind].said))))
  }
  const arrange = () => {
    rows = (ask && state.measured) || rows
    const choice = make("select", { "aria-label": says.variable }, ...rows.map(({ name }) => make("option", {}, name)))
    choice.value = state.row ?? rows[0]?.name
    choice.onchange = () => draw((state.row = choice.value))
    choices.replaceChildren(...(rows[1] ? [choice] : []))
    draw()
  }
  // A running kernel measures what was not measured one by one.
  let model
  const answered = ({ pictures }) => {
    if (!pictures) return
    model.off("msg:custom", answered)
    state.measured = pictures
    arrange()
  }
  details.ontoggle = () => {
    state.open = details.open
    if (!details.open) return
    arrange()
    model = globalThis.ipyAutodiff?.get(id)?.at(-1)
    if (!ask || state.measured || !model) return
    model.on("msg:custom", answered)
    model.send({ kind: "pictures" })
  }
  details.open = state.open
  return details
}

function svgElement(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag)
  for (const name in attributes) element.setAttribute(name, attributes[name])
  element.append(...children)
  return element
}

// A plot whose axes hold these numbers, and what places a number on each of them.
function plot(xs, ys, xName, yName, log) {
  const svg = svgElement("svg", { viewBox: "0 0 360 232", "aria-hidden": true })
  const path = (kind, d) => svg.append(svgElement("path", { class: kind, d }))
  const word = (x, y, text, anchor = "end") => svg.append(svgElement("text", { x, y, "text-anchor": anchor }, text))
  const toX = axis(xs, 58, 350, log), toY = axis(ys, 192, 22, log)
  for (const [at, text] of toX.ticks) path("ad-grid", `M${at} 22V192`), word(at, 207, text, "middle")
  for (const [at, text] of toY.ticks) path("ad-grid", `M58 ${at}H350`), word(53, at + 4, text)
  word(350, 226, xName)
  word(58, 13, yName, "start")
  return { svg, path, word, toX, toY }
}

// A function from numbers to places, with round numbers as ticks.
function axis(numbers, from, to, log) {
  const scale = log ? Math.log10 : Number
  const all = numbers.map(scale).filter(Number.isFinite)
  const air = (Math.max(...all) - Math.min(...all)) / 16 || 1
  const low = Math.min(...all) - air, high = Math.max(...all) + air
  const power = 10 ** Math.floor(Math.log10((high - low) / 4))
  const step = Math.max([1, 2, 5, 10].find((digit) => digit * power * 4 >= high - low) * power, log)
  const at = (n) => +(from + Math.min(1, Math.max(0, (n - low) / (high - low))) * (to - from)).toFixed(1)
  const place = (number) => at(scale(number))
  place.ticks = []
  for (let n = Math.ceil(low / step) * step; n <= high; n += step) place.ticks.push([at(n), log ? "1e" + n : String(+n.toPrecision(3))])
  return place
}

// Where backprop is wrong its error ends in a plateau; the dashed line is then the error against the numerical value.
function drawErrors({ first, errors, off, sigma, chosen }, { step, error, bar }, verdict) {
  const steps = errors.map((_, level) => first / 8 ** level)
  const own = errors.map(Math.abs), seen = errors.map((value) => Math.abs(value - off))
  const { svg, path, word, toX, toY } = plot(steps, [...seen, ...(verdict === "fail" ? own : []), 10 * sigma], step, error, 1)
  const points = (values) => values.map((value, level) => [toX(steps[level]), toY(value)])
  path("ad-bound", `M58 ${toY(10 * sigma)}H350`)
  word(350, toY(10 * sigma) - 4, bar)
  if (verdict === "fail") path("ad-numerical", "M" + points(own).join("L"))
  path(`ad-${verdict}`, "M" + points(seen).join("L"))
  path(`ad-${verdict} ad-dots`, points(seen).map((point) => `M${point}h0`).join(""))
  const [cx, cy] = points(seen)[chosen]
  svg.append(svgElement("circle", { cx, cy, r: 8 }))
  return svg
}
