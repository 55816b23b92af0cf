// Ties a live model to its output in the page, which `view.js` has drawn or will draw. There is no view of its own.
export default {
  initialize({ model }) {
    const links = (globalThis.ipyAutodiff ??= new Map())
    const id = model.get("output")
    const tell = () => document.dispatchEvent(new CustomEvent("ipy-autodiff", { detail: id }))
    model.drawSliders = drawSliders
    links.set(id, model)
    tell()
    return () => {
      links.delete(id)
      tell()
    }
  },
  render() {},
}
