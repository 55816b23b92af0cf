// Ties a live model to its output in the page, which `mount.js` has drawn or will draw. There is no view of its own.
// Two notebooks on one kernel have a model each for one output; when one is closed, the other goes on.
export default {
  initialize({ model }) {
    const links = (globalThis.ipyAutodiff ??= new Map())
    const id = model.get("output")
    const tell = () => document.dispatchEvent(new CustomEvent("ipy-autodiff", { detail: id }))
    model.drawSliders = drawSliders
    links.set(id, [...(links.get(id) || []), model])
    tell()
    return () => {
      links.set(id, links.get(id).filter((other) => other !== model))
      tell()
    }
  },
  render() {},
}
