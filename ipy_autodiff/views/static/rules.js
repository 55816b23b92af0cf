// One graph swept by the rules of the book's stages: a column for each, and one slider that goes through the calls of all.
PARTS.rules = (data) => {
  const { sentences, columns, chain, most, says, numerical, svg, start } = data.rules
  const section = make("section", { "data-autodiff": "rules" })
  if (!columns) {
    section.append(...sentences.map(note))
    return [section, () => {}]
  }
  let at = most
  const range = make("input", { type: "range", min: 0, max: most, step: 1, "aria-label": says.slider })
  const place = make("span", { class: "ad-place", role: "status" })
  const arrow = (name, sign, by) => {
    const button = make("button", { type: "button", class: "ad-text", title: says[name], "aria-label": says[name] }, sign)
    button.onclick = () => go(at + by)
    return button
  }
  const back = arrow("previous", "‹", -1)
  const on = arrow("next", "›", 1)
  const drawn = columns.map((column) => drawRule(column, says, svg, start, (to) => go(to)))
  const go = (to) => {
    at = Math.max(0, Math.min(most, to))
    range.value = at
    const words = at ? says.place.replace("{call}", at).replace("{calls}", most) : says.start
    place.textContent = words
    range.setAttribute("aria-valuetext", words)
    section.dataset.call = at
    back.disabled = !at
    on.disabled = at === most
    for (const [, show] of drawn) show(at)
  }
  range.oninput = () => go(Number(range.value))
  const side = make(
    "div",
    { role: "group", "aria-label": says.group, tabindex: 0, "data-lm-suppress-shortcuts": "true" },
    make("div", { class: "ad-rules-bar" }, back, range, on, place),
    make("div", { class: "ad-rules" }, ...drawn.map(([element]) => element)),
  )
  side.onkeydown = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: most }[event.key]
    if (to === undefined) return
    event.preventDefault()
    event.stopPropagation()
    go(to)
  }
  const heading = make("p", {}, make("b", {}, says.heading))
  section.append(heading, ...sentences.map((sentence) => make("p", {}, sentence)))
  if (numerical) {
    const measured = columns[0].left.map(([name], index) => `${name} = ${numerical[1][index]}`)
    section.append(note(`${numerical[0]}: ${measured.join(", ")}`))
  }
  section.append(chain ? make("details", {}, make("summary", {}, says.show), side) : side)
  go(most)
  return [section, () => {}]
}

// One rule: what it says, the small graph, the call that is shown and what the rule left in the leaves.
function drawRule({ name, step, rule, calls, total, wrong, blamed, link, why, left }, says, svg, start, go) {
  const picture = make("div", { class: "ad-rule-graph", "aria-hidden": "true" })
  if (svg) picture.append(document.importNode(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement, true))
  const nodes = new Map([...picture.querySelectorAll("[data-node]")].map((node) => [node.dataset.node, node]))
  const paths = [...picture.querySelectorAll("[data-ends]")].map((path) => [path, path.dataset.ends.split(" ")])
  const now = make("p", { class: "ad-rule-now" })
  const lines = make("ul")
  const order = calls.map(([, title]) => make("li", {}, title.split(".")[0]))
  const list = make("ol", { class: "ad-rule-order" }, ...order)
  const results = left.map(([leaf, value, verdict, right]) =>
    make("p", { class: right ? "ad-pass" : "ad-fail" }, make("b", {}, `${leaf} = ${value}`), ` ${right ? "✓" : "✗"} ${verdict}`))
  const result = make("div", {}, ...results)
  const fault = make("div", {})
  if (why) fault.append(make("p", { class: wrong ? "ad-blame" : "ad-note" }, why))
  if (link) {
    const button = make("button", { type: "button", class: "ad-link" }, link)
    button.onclick = () => go(wrong)
    fault.append(button)
  }
  const element = make(
    "div",
    { class: "ad-rule", role: "group", "aria-label": name },
    make("p", { class: "ad-head" }, make("b", {}, name), make("span", {}, step)), note(rule), picture, list, now, lines, result, fault,
  )
  const show = (at) => {
    const shown = Math.min(at, calls.length)
    const call = calls[shown - 1]
    const over = at >= calls.length
    const grads = { ...start }
    for (const [, , , changes] of calls.slice(0, shown)) Object.assign(grads, changes)
    const changed = call && at <= calls.length ? call[3] : {}
    for (const [id, node] of nodes) {
      const text = node.querySelector(".g")
      if (text) text.textContent = grads[id] || ""
      node.classList.toggle("active", Boolean(call) && at <= calls.length && (id === call[0] || id in changed))
      node.classList.toggle("wrong", Boolean(wrong) && at >= wrong && id === blamed)
    }
    for (const [path, [tail, head]] of paths) path.classList.toggle("active", Boolean(call) && at <= calls.length && head === call[0] && tail in changed)
    const box = nodes.get(at <= calls.length && call?.[0])?.getBoundingClientRect(), frame = picture.getBoundingClientRect()
    if (box) picture.scrollTop += box.y + box.height / 2 - frame.y - frame.height / 2
    order.forEach((item, index) => {
      item.classList.toggle("active", index === at - 1)
      item.classList.toggle("wrong", index === wrong - 1)
      item.classList.toggle("later", index >= at)
    })
    element.classList.toggle("ad-over", at > calls.length)
    element.classList.toggle("ad-wrong", Boolean(wrong) && at >= wrong)
    now.textContent = at > calls.length ? says.done.replace("{calls}", total) : call ? `${at}. ${call[1]}` : says.start
    lines.replaceChildren(...(call && at <= calls.length ? call[2] : []).map((line) => make("li", {}, line)))
    result.hidden = !over
    fault.hidden = wrong ? at < wrong && at > 0 : !over
  }
  return [element, show]
}
