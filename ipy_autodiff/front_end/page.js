// The page of most outputs: a graph that is drawn whole, its steps, its gradients and their comparison.
import { checkView, verdictView } from "./check/check.js"
import { drawErrors } from "./check/pictures.js"
import { graphView } from "./graph/graph.js"
import { inspectView } from "./inspect/inspect.js"
import { mountWith } from "./output/mount.js"
import { drawViews } from "./output/views.js"
import style from "./page.css"
import { stepsView } from "./steps/stepper.js"

const views = {
  graph: graphView(),
  panel: inspectView(),
  verdict: verdictView,
  steps: stepsView(),
  check: checkView({ steps: drawErrors }),
}
globalThis.ipyAutodiffMount = mountWith(views, style, drawViews)
