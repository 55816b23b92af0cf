// The comparison as a table, what is to blame above it, with links to the graph and to the step; below it, pictures.
// A slider that moves brings another.
PARTS.check = (data, page) => {
  const state = {}
  const draw = (check) => drawCheck(check, data, page, state)
  const check = make("div", {}, draw(data.check))
  let last = data.check
  const show = (_, moved) => {
    const now = moved ? moved.check : data.check
    check.classList.toggle("ad-stale", !now)
    if (now && now !== last) check.replaceChildren(draw((last = now)))
  }
  return [check, show]
}

function drawCheck(check, { id, says, show, steps = [] }, page, state) {
  const { heading, verdict, columns, rows, blame, remarks } = check
  const section = make("section", { "data-autodiff": "check" }, make("p", { class: `ad-${verdict}` }, make("b", {}, heading)))
  const link = (text, onclick, title = "") => Object.assign(make("button", { class: "ad-link", title }, text), { onclick })
  const toStep = (at) => link(says.to_step.replace("{step}", steps[at - 1].n), () => page.go(at))
  const drawn = show.includes("graph")
  for (const accused of blame) {
    const box = make("div", { class: "ad-blame" }, accused[0])
    const at = wrongStep(steps, [accused])
    if (at) box.append(" ", toStep(at))
    box.append(make("details", {}, make("summary", {}, says.hint), accused[1]))
    section.append(box)
  }
  section.append(...remarks.map(note))
  if (!rows.length) return section
  const last = columns.length - 1
  const kind = (index) => (index && index < last ? { class: "ad-number" } : {})
  const body = rows.map(({ cells, id: variable, verdict, text, reason }) => {
    const said = make("td", {}, make("span", { class: `ad-${verdict}` }, text))
    const at = verdict === "fail" ? steps.findLastIndex(({ grads }) => variable in grads) + 1 : 0
    if (at) said.append(" ", toStep(at))
    if (reason) said.append(make("span", { class: "ad-note" }, reason))
    const [name, ...numbers] = cells.map((cell, index) => make(index ? "td" : "th", index ? kind(index) : { scope: "row" }, cell))
    if (drawn) name.replaceChildren(link(cells[0], () => page.choose(variable), check.show_variable.replace("{name}", cells[0])))
    return make("tr", { "data-verdict": verdict }, name, ...numbers, said)
  })
  const head = columns.map((column, index) => make("th", { scope: "col", ...kind(index) }, column))
  section.append(make("div", { class: "ad-wide" }, make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body))))
  if (check.pictures) section.append(drawPictures(check, state, id))
  return section
}
