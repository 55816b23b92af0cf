// The live end of an output, which draws nothing of its own: it finds the output in the page, which is there already or
// will be. It brings the sliders, so a saved page does not carry what it could not use.
import { drawSliders } from "./explore/sliders.js"
import { addModel } from "./output/links.js"

export default {
  /** @param {{ model: import("./output/page").Model }} context */
  initialize({ model }) {
    model.drawSliders = drawSliders
    return addModel(model.get("output"), { of: model.get("live"), model })
  },
  render() {},
}
