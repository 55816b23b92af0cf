// The comparison as a table, what is to blame above it, with links to the step. A slider that moves brings another.
PARTS.check = (data, { go }) => {
  const check = make("div", {}, drawCheck(data.check, data, go))
  let last = data.check
  const show = (_, moved) => {
    const now = moved ? moved.check : data.check
    check.classList.toggle("ad-stale", !now)
    if (now && now !== last) check.replaceChildren(drawCheck((last = now), data, go))
  }
  return [check, show]
}

function drawCheck({ heading, verdict, columns, rows, blame, remarks }, { says, steps = [] }, go) {
  const section = make("section", { "data-autodiff": "check" }, make("p", { class: `ad-${verdict}` }, make("b", {}, heading)))
  for (const accused of blame) {
    const box = make("div", { class: "ad-blame" }, accused[0])
    const at = wrongStep(steps, [accused])
    if (at) {
      const link = make("button", { type: "button", class: "ad-link" }, says.to_step.replace("{step}", steps[at - 1].n))
      link.onclick = () => go(at)
      box.append(" ", link)
    }
    box.append(make("details", {}, make("summary", {}, says.hint), accused[1]))
    section.append(box)
  }
  section.append(...remarks.map(note))
  if (!rows.length) return section
  const last = columns.length - 1
  const kind = (index) => (index && index < last ? { class: "ad-number" } : {})
  const body = rows.map(({ cells, verdict, text, reason }) => {
    const said = make("td", {}, make("span", { class: `ad-${verdict}` }, text))
    if (reason) said.append(make("span", { class: "ad-note" }, reason))
    const [name, ...numbers] = cells.map((cell, index) => make(index ? "td" : "th", index ? kind(index) : { scope: "row" }, cell))
    return make("tr", { "data-verdict": verdict }, name, ...numbers, said)
  })
  const head = columns.map((column, index) => make("th", { scope: "col", ...kind(index) }, column))
  section.append(make("div", { class: "ad-wide" }, make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body))))
  return section
}
