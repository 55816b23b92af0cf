// Ties a live model to its output in the page, which `view.js` has drawn or will draw. There is no view of its own.
export default {
  initialize({ model }) {
    const links = (globalThis.ipyAutodiff ??= new Map())
    const id = model.get("output")
    links.set(id, model)
    document.dispatchEvent(new CustomEvent("ipy-autodiff", { detail: id }))
    return () => links.delete(id)
  },
  render() {},
}
