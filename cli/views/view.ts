/** The interface of what shows a run. */
import type { EndedEvent, RunEvent } from '../../protocols/events.ts'

/** What shows a run: on a screen, as lines, as JSON, or hardly at all. */
export interface View {
  /** The daemon took the run. */
  start(run: string, existed: boolean): Promise<void>
  show(event: RunEvent): Promise<void>
  /** Says something of this program's own. */
  say(text: string): Promise<void>
  /** The run has ended, or is followed no longer. */
  finish(run: string, ended?: EndedEvent): Promise<void>
}
