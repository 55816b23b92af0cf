// The page of any output: with arrays, large graphs, derivatives, a quiz, the rules of the book's stages.
import { drawHeat, drawPoints } from "./check/array_pictures.js"
import { checkView, verdictView } from "./check/check.js"
import { drawErrors } from "./check/pictures.js"
import { graphView } from "./graph/graph.js"
import { openable } from "./graph/large.js"
import { drawArrays } from "./inspect/arrays.js"
import { inspectView } from "./inspect/inspect.js"
import { mountWith } from "./output/mount.js"
import { drawTabs, kinView } from "./output/tabs.js"
import style from "./page_with_all.css"
import { drawQuiz } from "./quiz/quiz.js"
import { rulesView } from "./rules/rules.js"
import { stepsView } from "./steps/stepper.js"

const views = {
  graph: graphView(openable),
  kin: kinView,
  panel: inspectView(drawArrays),
  verdict: verdictView,
  steps: stepsView(drawQuiz),
  check: checkView({ steps: drawErrors, points: drawPoints, heat: drawHeat }),
  rules: rulesView,
}
globalThis.ipyAutodiffMount = mountWith(views, style, drawTabs)
