/** When the samples of a run were measured, by its journal. Pure. */
import type { StoredEvent } from '../../protocols/events.ts'
import { stepFolder } from '../../protocols/layout.ts'
import type { Step } from '../../protocols/phase.ts'

/** ms since 1970 on the controller's clock. */
export interface Window {
  step: Step
  from: number
  to: number
}

/** @returns for each sample whose tools were started when they ran: from the agreed instant of `start` to the command `stop` */
export function windowsOf(journal: StoredEvent[]): Map<string, Window> {
  const windows = new Map<string, Window>()
  for (const event of journal) {
    if (!('step' in event) || event.step == null) continue
    const key = stepFolder(event.step)
    const open = windows.get(key)
    if (event.type === 'skew')
      windows.set(key, { step: event.step, to: Number.POSITIVE_INFINITY, ...open, from: event.agreed })
    else if (event.type === 'phase-closed' && event.phase === 'start' && open == null)
      windows.set(key, { step: event.step, from: event.at, to: Number.POSITIVE_INFINITY })
    else if (event.type === 'phase-open' && event.phase === 'stop' && open != null)
      open.to = Math.min(open.to, event.at)
  }
  return windows
}
