/** How far apart the members started their tools. */
import type { Signed } from '../../../protocols/envelope.ts'
import type { Ack } from '../../../protocols/phase.ts'
import type { RunHook } from './hook.ts'

export const startSkew: RunHook = {
  name: 'start-skew',
  after({ phase, step }, { agreed, record, events }, answers) {
    if (phase !== 'start' || step == null || agreed == null) return
    const skew = skewOf(answers, agreed)
    if (skew == null) return
    record.skew.push({ step, ...skew })
    events.store({ type: 'skew', step, agreed, ...skew })
  }
}

/**
 * Pure.
 * @param agreed the instant at which all were to start, on the controller's clock
 * @returns ms between the first and the last, and from the instant to the last; nothing if nobody started
 */
export function skewOf(acks: Signed<Ack>[], agreed: number): { skew: number; latest: number } | undefined {
  const began = acks.map(ack => ack.value.began).filter(each => each != null)
  if (began.length === 0) return undefined
  // not Math.max(...): the list may have thousands
  const [first, last] = began.reduce(([a, z], each) => [Math.min(a, each), Math.max(z, each)], [Infinity, -Infinity])
  return { skew: last - first, latest: Math.max(0, last - agreed) }
}
