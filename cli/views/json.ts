/** A run as JSON: each event on a line of its own. */
import { writeTo } from '../output.ts'
import type { View } from './view.ts'

/** Every event as the daemon sent it, one a line, and nothing else. */
export function jsonView(): View {
  const print = (value: unknown) => writeTo(process.stdout, `${JSON.stringify(value)}\n`)
  return {
    start: print,
    show: print,
    say: async () => {},
    finish: async () => {}
  }
}
