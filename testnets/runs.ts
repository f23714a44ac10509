/** Drives runs of a testnet to their end. */
import type { EndedEvent, RunEvent } from '../protocols/events.ts'
import type { SpecInput } from '../protocols/spec.ts'
import type { Testnet } from './testnet.ts'

export interface Outcome {
  run: string
  ended: EndedEvent
  /** Every event, live ones too. */
  events: RunEvent[]
}

export interface RunOptions {
  /** A run that takes longer counts as hanging, ms. */
  limit: number
  onEvent?(event: RunEvent): void
}

/** Drives a run from one peer. @throws when it has not ended within the limit, or its daemon is gone */
export async function runToEnd(testnet: Testnet, peer: string, spec: SpecInput, options: RunOptions): Promise<Outcome> {
  const request = { spec, directory: testnet.folder, env: { PATH: process.env.PATH ?? '' } }
  const signal = AbortSignal.timeout(options.limit)
  const events: RunEvent[] = []
  let run = ''
  try {
    for await (const event of testnet.call(peer, 'run', request, { signal })) {
      if ('existed' in event) {
        run = event.run
        continue
      }
      events.push(event)
      options.onEvent?.(event)
      if (event.type === 'ended') return { run, ended: event, events }
    }
  } catch (cause) {
    if (!signal.aborted) throw cause
  }
  throw new Error(`run ${run} of ${peer} has not ended after ${options.limit / 1000} s: ${describeProgress(events)}`)
}

/** @returns the open phase, and the members without an answer, in words */
function describeProgress(events: RunEvent[]): string {
  const open = events.findLast(event => event.type === 'phase-open')
  if (open == null) return 'no phase has begun'
  const members = events.flatMap(event => (event.type === 'roster' ? event.members.map(({ name }) => name) : []))
  const answered = events.flatMap(event => (event.type === 'ack' && event.seq === open.seq ? [event.name] : []))
  const silent = members.filter(name => !answered.includes(name))
  return `${open.phase} has ${answered.length} of ${open.asked} answers, none of ${silent.join(', ') || 'unknown members'}`
}
