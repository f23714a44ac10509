/** The interface of what shows a run. */
import type { Begun } from '../../protocols/control.ts'
import type { EndedEvent, RunEvent } from '../../protocols/events.ts'

export interface View {
  /** The daemon accepted the run. */
  start(begun: Begun): Promise<void>
  show(event: RunEvent): Promise<void>
  /** Prints a message of this program. */
  say(text: string): Promise<void>
  /** The run has ended, or is no longer followed. */
  finish(run: string, ended?: EndedEvent): Promise<void>
}
