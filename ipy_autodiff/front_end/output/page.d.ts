import type { Payload, Update } from "../payload"

/** What a view is given of the output that it belongs to. */
export interface Page {
  /** The element of the whole output. */
  root: HTMLElement
  /** What identifiers of this output begin with: no other element of the page has such. */
  prefix: string
  /** Moves all views to a step, 0 before the first. */
  go(step: number): void
  /** Points at a Variable or a Function. */
  choose(id: string): void
  onChoose(listen: (id: string) => void): void
  /** What a quiz has not been answered of: these steps keep their gradients back. */
  hidden: Set<number>
  /** The live model, while there is one. */
  model(): Model | undefined
}

/** Brings a view to a step; `moved` is what a slider changed, if one did. */
export type Show = (step: number, moved: Update | null) => void
export type View = (data: Payload, page: Page) => [element: HTMLElement, show: Show]
export type Views = Record<string, View>

/** The live end of an output, as anywidget hands it over. */
export interface Model {
  // biome-ignore lint/suspicious/noExplicitAny: each name has a type of its own
  get(name: string): any
  set(name: string, value: unknown): void
  save_changes(): void
  send(message: unknown): void
  // biome-ignore lint/suspicious/noExplicitAny: each event has a type of its own
  on(event: string, listener: (message: any) => void): void
  // biome-ignore lint/suspicious/noExplicitAny: each event has a type of its own
  off(event: string, listener: (message: any) => void): void
  widget_manager?: { get_model?(id: string): Promise<{ comm_live?: boolean }> | undefined }
  /** Draws the sliders, which come with the model. */
  drawSliders?(slot: HTMLElement, model: Model, hooks: Hooks): Sliders
}

export interface Hooks {
  step(): number
  show(moved: Update | null): void
}

export interface Sliders {
  /** The output shows another step. */
  stepped(): void
  stop(): void
}
