// The live end of an output, which draws nothing of its own: it finds the output in the page, which is there already or
// will be. It brings the sliders, so a saved page does not carry what it could not use.
import { drawSliders } from "./explore/sliders.js"
import { addModel } from "./output/links.js"

export default {
  /** @param {{ model: import("./output/page").Model }} context */
  initialize({ model }) {
    model.drawSliders = drawSliders
    const id = model.get("live")
    const remove = addModel(model.get("output"), { of: id, model })
    // A kernel that ends takes its models with it, and the output of the next one has the same identifier.
    const check = async () => {
      const whole = await model.widget_manager?.get_model?.(id)
      if (!whole?.comm_live) close()
    }
    const close = () => {
      model.off("comm_live_update", check)
      remove()
    }
    model.on("comm_live_update", check)
    return close
  },
  render() {},
}
