// Draws the views into `root`, in place of the readable page; if that fails, the page stays as it is.
// A part is given `page`: `go(step)` moves all of them; `choose(id)` points at a Variable or a Function, and
// `onChoose(listen)` hears which.
function fill(root, data) {
  let step = data.at ?? 0
  let moved = null
  let model
  let sliders
  const shows = []
  const listeners = []
  const update = () => shows.forEach((show) => show(step, moved))
  const go = (to) => {
    step = to
    update()
    model?.set("step", to)
    model?.save_changes()
    sliders?.stepped()
  }
  const page = { root, go, choose: (id) => listeners.forEach((listen) => listen(id)), onChoose: (listen) => listeners.push(listen) }
  const slot = make("div", { hidden: "" })
  const parts = data.show.map((name) => {
    if (name === "sliders") return slot
    if (data.kept?.includes(name)) return root.querySelector(`[data-part="${name}"]`) ?? ""
    const [part, show] = PARTS[name](data, page)
    shows.push(show)
    return part
  })
  const first = data.show[0] === "graph" && !data.kept?.includes("graph")
  const box = first && parts[0].querySelector(".ad-svg").viewBox.baseVal
  const tall = box.height > box.width && parts.length > 1 && !data.large
  if (tall) parts.push(make("div", {}, ...parts.splice(1)))
  parts.splice(first, 0, ...data.notes.map(note))
  root.replaceChildren(make("div", { class: tall ? "ad-all ad-tall" : "ad-all" }, ...parts))
  update()

  // A live model, where there is one, shares its step: what Python sets is shown, what is clicked Python hears.
  // It also brings the sliders, and the run that they show.
  const links = (globalThis.ipyAutodiff ??= new Map())
  const take = () => {
    step = model.get("step")
    update()
    sliders?.stepped()
  }
  // What can be moved may reach the page after the model itself.
  const slide = () => {
    if (sliders || !model.get("controls")?.sliders || !data.show.includes("sliders")) return
    const show = (run) => {
      moved = run
      update()
    }
    sliders = model.drawSliders?.(slot, model, { step: () => step, show })
  }
  const redo = () => {
    leave()
    fill(root, { ...(model.get("anew").whole || root.recorded), id: data.id })
  }
  const follow = () => {
    const now = links.get(data.id)?.at(-1)
    if (now === model) return
    part()
    sliders = null
    model = now
    if (!model) return
    model.on("change:step", take)
    model.on("change:anew", redo)
    model.on("change:controls", slide)
    if (root.recorded === data && model.get("anew")?.whole) return redo()
    slide()
    take()
  }
  const hear = (event) => event.detail === data.id && follow()
  const part = () => {
    model?.off("change:step", take)
    model?.off("change:anew", redo)
    model?.off("change:controls", slide)
    sliders?.stop()
  }
  const leave = () => {
    document.removeEventListener("ipy-autodiff", hear)
    part()
  }
  root.recorded ??= data
  document.addEventListener("ipy-autodiff", hear)
  follow()
}

// The picture goes into the page once, as an image that is there without scripts too.
function takePicture(root, data) {
  const image = root.querySelector("img")
  if (image) data.svg = new TextDecoder().decode(Uint8Array.from(atob(image.src.split(",")[1]), (c) => c.charCodeAt(0)))
}

function mount(data) {
  for (const root of document.querySelectorAll(`[id="${data.id}"]:not(.ad-drawn)`)) {
    takePicture(root, data)
    if (data.tabs) fillTabs(root, data)
    else fill(root, data)
    root.classList.add("ad-drawn")
  }
}
