// One Variable looked into: what its gradient is the sum of, and, where it is an array, its elements (`panel.js`).
PARTS.panel = ({ panel, steps = [], id: prefix }, page) => {
  const { says, variables, at = 0, open } = panel
  const choice = make("select", { "aria-label": says.look }, ...variables.map(({ name, warns }) => make("option", {}, (warns ? "⚠ " : "") + name)))
  const inside = make("div")
  let now
  // What the open step has not come to yet stands back.
  const pale = () => {
    for (const row of inside.querySelectorAll("[data-n]")) row.classList.toggle("ad-later", row.dataset.n > now)
  }
  const box = make("details", { "data-autodiff": "panel", class: "ad-panel" }, make("summary", {}, says.look), choice, inside)
  const put = (index) => {
    choice.selectedIndex = index
    const one = variables[index]
    const leaving = inside.contains(document.activeElement)
    const account = drawAccount(one, says, steps, page.go)
    inside.replaceChildren(...(one.shape && typeof drawArrays === "function" ? drawArrays(one, panel, prefix, account, page.choose) : account))
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
  box.open = Boolean(open)
  put(at)
  const show = (step, moved) => {
    now = steps[step - 1]?.n ?? Infinity
    pale()
    box.classList.toggle("ad-stale", Boolean(moved))
  }
  return [box, show]
}

// A gradient's account as a table; a Function's name leads to its step.
function drawAccount({ rows, warns = [] }, says, steps, go) {
  const line = (kind, cells, n = 0) => make("tr", { "data-n": n }, ...cells.map((cell, index) => make(kind, index ? { class: "ad-number" } : {}, ...[cell].flat())))
  const body = rows.map(([number, name, where, ...numbers]) => {
    const at = steps.findIndex(({ n }) => n === number) + 1
    const by = make(at ? "button" : "span", at ? { type: "button", class: "ad-link" } : {}, name)
    if (at) by.onclick = () => go(at)
    return line("td", [[by, where], ...numbers], number)
  })
  const table = make("table", {}, make("thead", {}, line("th", [says.by, says.added, says.then])), make("tbody", {}, ...body))
  return [make("div", { class: "ad-wide" }, table), ...warns.map((text) => make("p", { class: "ad-fail" }, "⚠ " + text))]
}
