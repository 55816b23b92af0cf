// The code behind a step, the cell and the `backward` beside each other; and a function that marks a step's lines.
// A line of the cell that built a node leads to the first step that goes back over it.
PARTS.code = ({ sources, steps, steps_say: own }, { go }) => {
  const element = make("div", { class: "ad-sources" })
  const views = sources.map(([name, file, parts], index) => {
    const lines = new Map()
    const box = make("div", { class: "ad-code" })
    parts.forEach(([first, text], part) => {
      if (part) box.append(make("div", { class: "ad-gap" }, "…"))
      text.split("\n").forEach((words, offset) => {
        const number = first + offset
        const to = steps.findIndex(({ code_at: [cell] }) => cell && cell[0] === index && cell[1] === number) + 1
        const line = to ? make("button", { type: "button", title: own.built }, words || " ") : make("div", {}, words || " ")
        if (to) line.onclick = () => go(to)
        line.dataset.line = number
        lines.set(number, line)
        box.append(line)
      })
    })
    const title = make("p", {}, make("b", {}, name))
    if (file) title.append(make("span", {}, file))
    return { box, lines, pane: make("div", { role: "group", "aria-label": name }, title, box) }
  })
  const tallest = Math.max(0, ...views.map(({ lines }) => Math.min(lines.size, 14)))
  element.style.setProperty("--ad-rows", tallest)
  const mark = ({ box, lines }, number) => {
    for (const line of lines.values()) line.removeAttribute("aria-current")
    const line = lines.get(number)
    line.setAttribute("aria-current", "step")
    box.scrollTop = line.offsetTop - (box.clientHeight - line.offsetHeight) / 2
  }
  const show = (now, asked) => {
    const places = now ? now.code_at.filter((place, index) => place && !(asked && index)) : []
    element.hidden = !places.length
    element.replaceChildren(...places.map(([index]) => views[index].pane))
    for (const [index, number] of places) mark(views[index], number)
  }
  return [element, show]
}
