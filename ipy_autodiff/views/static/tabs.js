// A result and its derivatives as tabs, each a whole page; the first is the one that sliders move. What is not open yet
// is not drawn.
function fillTabs(root, data) {
  const family = { ...data.family, key: null, listeners: [] }
  family.choose = (key) => {
    family.key = key
    for (const listen of family.listeners) listen()
  }
  const all = [data, ...data.tabs]
  all.forEach((tab, index) => {
    tab.family = family
    if (index) takePicture(root.querySelector(`details[data-tab="${index}"]`), tab)
  })
  const name = (index, part) => `${data.id}-${part}${index}`
  const tabs = all.map(({ label }, index) => make("button", { type: "button", role: "tab", class: "ad-tab", id: name(index, "tab"), "aria-controls": name(index, "panel") }, label))
  const panels = all.map((_, index) => make("div", { role: "tabpanel", class: "ad-view", id: name(index, "panel"), "aria-labelledby": name(index, "tab") }))
  const open = (to) => {
    tabs.forEach((tab, index) => {
      tab.setAttribute("aria-selected", index === to)
      tab.tabIndex = index === to ? 0 : -1
      panels[index].hidden = index !== to
    })
    if (!panels[to].firstChild) fill(panels[to], { says: data.says, ...all[to] })
  }
  const list = make("div", { role: "tablist", class: "ad-tabs", "aria-label": family.tabs, "data-lm-suppress-shortcuts": "true" }, ...tabs)
  list.onclick = (event) => tabs.includes(event.target) && open(tabs.indexOf(event.target))
  list.onkeydown = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return
    const now = tabs.indexOf(event.target), last = tabs.length - 1
    const to = { ArrowLeft: now ? now - 1 : last, ArrowRight: now < last ? now + 1 : 0, Home: 0, End: last }[event.key]
    if (to === undefined) return
    event.preventDefault()
    event.stopPropagation()
    open(to)
    tabs[to].focus()
  }
  root.replaceChildren(list, ...panels)
  open(0)
}

// Which Functions come from one another: a Function that is chosen in one tab is outlined with its kin in all of them.
PARTS.kin = ({ id, kin, steps = [], family }, page) => {
  const said = make("p", { class: "ad-note ad-kin-said", role: "status" }, family.hint)
  const prefix = `${id}-`
  const mark = () => {
    for (const [function_, key] of Object.entries(kin))
      page.root.querySelector(`[id="${prefix}${function_}"]`)?.classList.toggle("ad-kin", key === family.key)
    said.textContent = family.key ? family.chosen.replace("{function}", () => family.names[family.key]) : family.hint
  }
  const choose = (function_) => family.choose(kin[function_] || null)
  page.root.addEventListener("click", (event) => {
    const found = event.target.closest?.(".function")
    if (found) choose(found.id.slice(prefix.length))
  })
  page.onChoose((chosen) => chosen in kin && choose(chosen))
  family.listeners.push(mark)
  let last = 0
  return [said, (step) => {
    if (step !== last && step) choose(steps[step - 1].active[0])
    last = step
    mark()
  }]
}
