/** The interface of what shows a run. */
import type { Begun } from '../../protocols/control.ts'
import type { EndedEvent, MovedEvent, RunEvent } from '../../protocols/events.ts'

export interface View {
  /** The daemon accepted the run. */
  start(begun: Begun): Promise<void>
  show(event: RunEvent): Promise<void>
  /** Prints a message of this program. */
  say(text: string): Promise<void>
  /** The run has ended, or is no longer followed; and what came of it if its result was to go elsewhere. */
  finish(run: string, ended?: EndedEvent, moved?: MovedEvent): Promise<void>
}
