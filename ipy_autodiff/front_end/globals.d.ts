// What the parts of an output find in the page, and what the build fills in.

import type { Links } from "./output/links"
import type { Payload } from "./payload"

declare global {
  /** The scripts that outputs of this page have unpacked, by their content. */
  var ipyAutodiffPages: Record<string, Promise<(data: Payload) => void>> | undefined
  /** Draws an output, once its script has run. */
  var ipyAutodiffMount: (data: Payload) => void
  /** Where outputs and live models find each other. */
  var ipyAutodiffLinks: Links | undefined

  const data: string
  const PACKED: string
  const NAME: string
}
