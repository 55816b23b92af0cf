// The data of an output, as Python writes it.

export interface Payload {
  id: string
  lang: string
  /** The views in their order. */
  show: string[]
  /** The views that stay as they are: they could not be made. */
  kept?: string[]
  says: Record<string, string>
  notes: string[]
  svg?: string
  large?: Large
  panel?: Panel
  steps?: Step[]
  total?: number
  start?: Record<string, string>
  remarks?: string[]
  /** The step that is shown at first. */
  at?: number
  why?: string
  sources?: Source[]
  steps_say?: Record<string, string>
  check?: Check
  verdict?: Summary
  quiz?: Quiz
  rules?: Rules
  /** The derivatives of a result, each a payload of its own. */
  tabs?: Payload[]
  label?: string
  family?: Family
  /** The Function of the first tab that a Function of this one comes from. */
  kin?: Record<string, string>
}

export interface Step {
  /** Its number in the sweep, of which not every step may be shown. */
  number: number
  title: string
  where: string
  code: string
  lines: Line[]
  /** What stands in `.grad` after it, by Variable. */
  gradients: Record<string, string>
  /** What it added to these, where that is not all that stands there. */
  contributions?: Record<string, string>
  /** The Function, and what is drawn around it. */
  active: string[]
  /** The line of the cell that called the Function. */
  built_at?: CodePlace
  /** The line of `backward` that ran last. */
  ran_at?: CodePlace
}

export interface CodePlace {
  /** Which of the sources. */
  source: number
  line: number
}

/** One thing about a step: what it is, and the formula with its numbers. */
export interface Line {
  label: string
  text: string
  warn: boolean
}

/** A cell, a method or a rule: those of its lines that are shown, in runs. */
export interface Source {
  name: string
  file: string
  parts: { first: number; text: string }[]
}

export type Verdict = "pass" | "fail" | "inconclusive"

export interface Summary {
  verdict: Verdict
  /** The verdict in one line. */
  line: string
  blame: Accusation[]
}

/** What is most likely wrong, and the Function that is to blame; none where it is empty. */
export interface Accusation {
  sentence: string
  hint: string
  function: string
}

export interface Check extends Summary {
  heading: string
  columns: string[]
  rows: Row[]
  remarks: string[]
  pictures: Pictures | null
  show_variable: string
}

export interface Row {
  cells: string[]
  verdict: Verdict
  text: string
  reason: string
  variable: string
}

export interface Pictures {
  rows: PictureRow[]
  says: Record<string, string>
  ask?: string
}

export interface PictureRow {
  name: string
  verdict: Verdict
  steps?: StepErrors
  points?: Points
  heat?: Heat
}

/** The errors of central differences: the first step, and then each an eighth of the one before. */
export interface StepErrors {
  caption: string
  first_step: number
  errors: number[]
  /** Of backprop's gradient from the numerical one. */
  difference: number
  uncertainty: number
  /** Which of the steps was chosen. */
  chosen: number
}

/** Elements of a gradient, each by both ways. */
export interface Points {
  caption: string
  numerical: number[]
  backprop: number[]
  uncertainty: number[]
}

/** A letter for each element: how far both ways are apart. */
export interface Heat {
  caption: string
  cells: string[]
}

/** Numbers as base64, of 8 bytes or of 4. */
export interface Packed {
  f8?: string
  f4?: string
}

/** An array in blocks, where it is too large to be sent whole. */
export interface Blocks {
  rows: number
  columns: number
  /** Of how many rows and columns of the array each is made. */
  block: { rows: number; columns: number }
  low: Packed
  high: Packed
  lost?: number
}

export interface Panel {
  says: Record<string, string>
  variables: Account[]
  calls?: Call[]
  at?: number
  /** Whether it is shown without being asked for: something is wrong with a gradient's account. */
  open?: boolean
}

/** A Variable and what its gradient is the sum of. */
export interface Account {
  id: string
  name: string
  rows: Contribution[]
  warns?: string[]
  shape?: number[]
  kind?: string
  value?: Packed | Blocks
  gradient?: Packed | Blocks
  old?: Packed
}

/** What a call of `backward` added to a gradient, and what the gradient was then; the step is 0 where there is none. */
export interface Contribution {
  step: number
  by: string
  where: string
  added: string
  gradient: string
}

export interface Call {
  name: string
  where: string
  in: number[]
  out: number[]
  relations?: Relation[]
}

/** Which elements of an input and of an output belong together, and the derivatives between them. */
export interface Relation {
  in: number
  out: number
  x?: number[]
  y?: number[]
  from?: string | number
  to?: string | number
  /** The input whose elements are the derivatives. */
  other?: { input: number; labels: number[] }
  d?: Packed | number
}

export interface Quiz {
  steps: Record<string, Question[]>
  hints: string[]
  says: Record<string, string>
}

export interface Question {
  ask: string
  given: { label: string; text: string }[]
  names: Record<string, number>
  answer: string
  truth: number[]
  tiny: number
  /** Answers that known mistakes lead to, and which of the quiz's hints is about each. */
  known: { numbers: number[]; hint: number }[]
  /** Which of the quiz's hints lead to the answer. */
  hints: number[]
  wrong: string
}

export interface Rules {
  sentences: string[]
  columns?: RuleColumn[]
  chain: boolean
  most: number
  says: Record<string, string>
  /** The leaves' measured gradients. */
  numerical: { label: string; values: string[] } | null
  svg: string
  start: Record<string, string>
}

export interface RuleColumn {
  name: string
  step: string
  rule: string
  calls: RuleCall[]
  total: number
  wrong: number
  blamed: string
  link: string
  why: string
  /** What the rule leaves in each leaf. */
  left: { leaf: string; gradient: string; verdict: string; right: boolean }[]
}

/** A call of a Function's `backward`, and what stands in `.grad` after it, by Variable. */
export interface RuleCall {
  function: string
  title: string
  lines: string[]
  gradients: Record<string, string>
}

export interface Family {
  tabs: string
  hint: string
  chosen: string
  names: Record<string, string>
}

/** A large graph: what is in the boxes that open. Nodes go by their identifiers. */
export interface Large {
  says: Record<string, string>
  functions: Record<string, ShownFunction>
  variables: Record<string, ShownVariable>
  boxes: Record<string, Box>
  levels: Record<string, Level>
  layouts: Layout[]
  blamed: string[]
}

export interface ShownFunction {
  name: string
  /** The line of the cell that called it. */
  line?: number
  verdict?: Verdict
  /** Whose `backward` called it. */
  origin?: string
}

/** What stands on a Variable's card; what is not there is not shown. */
export interface ShownVariable {
  name: string
  named?: boolean
  role: "leaf" | "intermediate" | "output"
  kind?: string
  value?: string
  gradient?: string
  verdict?: Verdict
}

export interface Box {
  rows: string[]
  /** Whether it holds several iterations. */
  loop?: boolean
  /** Whether what is wrong is in it. */
  wrong?: boolean
}

export interface Level {
  up: string
  nodes: string[]
  /** Between nodes by their place among the level's, crowds after the others. */
  edges: { tail: number; head: number }[]
  /** Which of the layouts is its. */
  layout: number
  /** Variables that go the same way, too many to be told apart: the rows of their box. */
  crowds?: Record<string, string[]>
  /** What stands on an edge that is to blame. */
  plates?: { edge: number; text: string }[]
}

/** Whole pixels. The nodes, by their centres, are in the order of the level's, then crowds, then plates. */
export interface Layout {
  width: number
  height: number
  across: boolean
  nodes: { width: number; x: number; y: number }[]
  /** For each edge a start, and then three control points for each Bézier piece, from where the piece starts. */
  curves: number[][]
}

// What passes between a slider and the kernel.

export interface Controls {
  sliders: Control[]
  of: string
  whole: boolean
  example: string
  remarks: string[]
  can_run: boolean
  anew: string
  says: Record<string, string>
}

export interface Control {
  name: string
  label: string
  min: number
  max: number
  step: number
  value: number
}

/** The answer to a message of a page: to its `number`th, sent `by` this page. */
export interface Update {
  by?: string
  number?: number
  /** What the answer took. */
  milliseconds?: number
  rest?: boolean
  moved?: boolean
  values?: Record<string, number>
  step?: number
  y?: number | null
  slopes?: Record<string, number | null>
  measured?: number | null
  curve?: Curve
  branches?: string[]
  error?: string
  refused?: string
  /** The values that are no longer the recorded ones, by Variable. */
  data?: Record<string, string>
  /** What stands in `.grad` at the step, by Variable. */
  gradients?: Record<string, string>
  lines?: Line[]
  check?: Check
}

export interface Curve {
  of: string
  low: number
  high: number
  ys: (number | null)[]
}
