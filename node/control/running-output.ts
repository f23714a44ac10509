/**
 * The output of a run that goes on. What is in its folder comes from the peer that drives it, what is written just now from each member; a
 * sample that has been sent is completed from the folder, so that nothing is left out that a member no longer has.
 */
import type { OutputHead, OutputMissing } from '../../protocols/control.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { RunEvent } from '../../protocols/events.ts'
import { cutText } from '../../protocols/fields.ts'
import { parseResultPath, stepFolder } from '../../protocols/layout.ts'
import {
  memberOutputProtocol,
  type OutputMark,
  type OutputPortion,
  type OutputRequest,
  type OutputSelection,
  outputProtocol
} from '../../protocols/output.ts'
import { askOutput, wholeOutput } from '../../protocols/output-exchange.ts'
import type { Step } from '../../protocols/phase.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { Limit } from '../limit.ts'
import { Part } from '../part.ts'
import type { Parts } from '../parts.ts'
import { GivenOutput } from '../run/given-output.ts'
import { OutputMerge } from '../run/output-merge.ts'
import { pause } from '../wait.ts'
import { headOf } from './output-head.ts'
import { attach } from './runs.ts'

/** Between two attempts to reach a member. */
const RETRY_MS = 2_000
/** Members that are connected with at the same time. */
const MAX_OPENING = 32

interface RunningRun {
  run: string
  /** The peer that drives it. */
  holder: string
  record: RunRecord
  selection: OutputSelection
  follow: boolean
}

type Named = Pick<RunRecord['roster'][number], 'peer' | 'name'>

export async function* runningOutput(
  parts: Parts,
  about: RunningRun,
  signal: AbortSignal
): AsyncGenerator<OutputPortion | OutputMissing | OutputHead> {
  const given = new GivenOutput()
  const ending = new AbortController()
  const own = AbortSignal.any([signal, ending.signal])
  const merge = new OutputMerge<OutputMissing | OutputHead>(own)
  const output = new RunningOutput(parts, { ...about, given, merge, signal: own })
  try {
    if (about.follow) void output.follow().catch(error => merge.fail(asBakError(error)))
    else output.readAll()
    for await (const next of merge) {
      const news = 'stream' in next ? given.take(next) : next
      if (news != null) yield news
    }
  } finally {
    ending.abort()
  }
}

interface Reading {
  given: GivenOutput
  merge: OutputMerge<OutputMissing | OutputHead>
  signal: AbortSignal
}

/** It stops when the run has ended: members are not listened to any more. */
class RunningOutput extends Part<Parts, RunningRun & Reading> {
  readonly #opening = new Limit({ total: MAX_OPENING })

  /** What there is now. */
  readAll(): void {
    this.init.merge.add(this.#folder({}))
    this.#listenTo(this.init.record.roster)
    this.init.merge.close()
  }

  /** What there is and what follows: the events of the run tell when a sample is in its folder, and when the run has ended. */
  async follow(): Promise<void> {
    const past = await this.#past()
    // of the samples that were there only the last may lack something
    let lastOfPast: Step | undefined
    let last: Step | undefined
    const complete = (step: Step | undefined) => step != null && this.init.merge.add(this.#folder({ step }))
    for await (const event of attach(this.components, { run: this.init.run }, { signal: this.init.signal })) {
      if (event.type === 'roster') this.#onRoster(event.members)
      if (event.type === 'phase-open' && (event.step == null || !past.has(stepFolder(event.step)))) {
        complete(lastOfPast)
        lastOfPast = undefined
      }
      if (event.type === 'phase-open') last = event.step ?? last
      if (event.type === 'phase-closed' && event.phase === 'send' && event.step != null) {
        if (past.has(stepFolder(event.step))) lastOfPast = event.step
        else complete(event.step)
      }
      if (event.type !== 'ended') continue
      this.stop()
      // what arrived after its phase was over
      complete(last)
      return this.init.merge.close()
    }
    throw new BakError('lost-contact', `lost contact with the peer that drives ${this.init.run}`)
  }

  /** All that is in the folder comes before what follows. @returns the samples of it */
  async #past(): Promise<Set<string>> {
    const samples = new Set<string>()
    const { promise, resolve } = Promise.withResolvers<void>()
    const folder = this.#folder({})
    const noting = async function* () {
      try {
        for await (const portion of folder) {
          const parsed = 'path' in portion ? parseResultPath(portion.path) : undefined
          if (parsed?.kind === 'workload') samples.add(stepFolder(parsed.step))
          yield portion
        }
      } finally {
        resolve()
      }
    }
    this.init.merge.add(noting())
    await promise
    return samples
  }

  /** Before that it was not known whose output there will be. */
  #onRoster(members: Extract<RunEvent, { type: 'roster' }>['members']): void {
    const { record, selection } = this.init
    if (record.roster.length === 0) this.init.merge.say(headOf({ ...record, roster: members }, selection))
    this.#listenTo(members)
  }

  #listenTo(members: readonly Named[]): void {
    const { member } = this.init.selection
    for (const each of members) if (member == null || member === each.name) this.init.merge.add(this.#member(each))
  }

  async *#folder({ step }: { step?: Step }): AsyncGenerator<OutputPortion | OutputMark> {
    const { coordinator, identity, streams } = this.components
    const { run, holder, selection } = this.init
    const request = { run, ...selection, step, skip: this.init.given.skip({ step }) }
    const signal = this.init.signal
    const isHere = holder === identity.peer
    if (isHere) yield* wholeOutput(coordinator.output(request, signal))
    else yield* askOutput(streams.to(holder), outputProtocol, request, { signal })
  }

  /** A member that cannot be reached is named once, and tried again while the run goes on. */
  async *#member({ peer, name }: Named): AsyncGenerator<OutputPortion | OutputMark> {
    const { run, selection, follow } = this.init
    const signal = AbortSignal.any([this.init.signal, this.stopped])
    for (let isNamed = false; !signal.aborted; ) {
      const skip = this.init.given.skip({ member: name })
      try {
        yield* this.#ask(peer, { run, ...selection, follow, skip }, signal)
        return
      } catch (cause) {
        const { code, message } = asBakError(cause)
        // it has sent what it had
        if (signal.aborted || code === 'no-such-run') return
        if (!isNamed) this.init.merge.say({ member: name, missing: cutText(`it cannot be reached: ${message}`) })
        isNamed = true
        if (!follow || code === 'not-allowed') return
        await pause(RETRY_MS, signal)
      }
    }
  }

  /** Until its first answer it counts as one of those that are asked at the same time. */
  async *#ask(peer: string, request: OutputRequest, signal: AbortSignal): AsyncGenerator<OutputPortion | OutputMark> {
    const release = await this.#opening.acquire(peer, { signal })
    try {
      for await (const each of askOutput(this.components.streams.to(peer), memberOutputProtocol, request, { signal })) {
        release()
        yield each
      }
    } finally {
      release()
    }
  }
}
