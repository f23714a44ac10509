/**
 * The calls of the workloads of one run: binds what they mean (sample-state.ts) to the streams of the members, to time, and to what each member
 * may ask for. A call that comes again after a break is answered again, and counts once.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type AnswersMessage,
  type CallAnswer,
  type CallBody,
  type CallMessage,
  type CallOrigin,
  MAX_ANSWERS
} from '../../../protocols/calls.ts'
import { MAX_TIMER_MS } from '../../../protocols/duration.ts'
import type { Step } from '../../../protocols/phase.ts'
import { TokenBucket } from '../../mesh/limits/token-bucket.ts'
import { isSameStep } from '../plan.ts'
import type { Instance } from './instances.ts'
import { MemberCalls } from './member-calls.ts'
import { type Done, type OpenCall, SampleState } from './sample-state.ts'

/** Calls of one member, and bytes of their values. */
const CALLS = { perSecond: 2_000, burst: 4_000 }
const BYTES = { perSecond: 8 * 1024 * 1024, burst: 32 * 1024 * 1024 }
/** Periods that one member marks in a sample: each is an event of the run. */
const MAX_PERIODS = 2_000
/** Bytes of values in one message of answers. */
const MAX_PORTION_BYTES = 256 * 1024

export type Period = CallBody & { call: 'period' }

export interface CollectivesInit {
  /** All that take part in the sample; without the members that are excluded. */
  instances(): Instance[]
  /** What a member that did not come has beside its name. */
  remark?(instance: Instance): string
  /** @returns false if the member has no stream now: it asks again on its next one */
  deliver(peer: string, message: AnswersMessage): Promise<boolean>
  onPeriod(by: Instance, step: Step, period: Period): void
  /** A monotonic clock, ms. */
  clock?(): number
}

class CallingPeer {
  readonly calls = new MemberCalls<OpenCall>()
  readonly rate: TokenBucket
  readonly bytes: TokenBucket
  answers: AnswersMessage['answers'] = []
  isPumping = false
  periods = 0

  constructor(now: number) {
    this.rate = new TokenBucket(CALLS, now)
    this.bytes = new TokenBucket(BYTES, now)
  }
}

const READS = new Set<CallBody['call']>(['get', 'messages'])

export class Collectives {
  readonly #init: CollectivesInit
  readonly #now: () => number
  readonly #members = new Map<string, CallingPeer>()
  readonly #timers = new Map<OpenCall, NodeJS.Timeout>()
  #step: Step | undefined
  #state: SampleState

  constructor(init: CollectivesInit) {
    this.#init = init
    this.#now = init.clock ?? (() => performance.now())
    this.#state = this.#newState()
  }

  /** A sample begins; of the one before nothing is left. The same again changes nothing. */
  begin(step: Step): void {
    if (isSameStep(step, this.#step)) return
    this.close('the sample is over')
    this.#step = step
    this.#state = this.#newState()
    for (const member of this.#members.values()) member.periods = 0
  }

  /** Nobody waits any more. */
  close(reason: string): void {
    for (const [peer, member] of this.#members) {
      for (const { id } of member.calls.clear()) this.#queue(peer, member, id, { status: 69, reason })
    }
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
    this.#step = undefined
  }

  /** From a member's stream. */
  receive(peer: string, message: CallMessage): void {
    const member = this.#memberOf(peer)
    if (message.session !== member.calls.session) member.answers = []
    for (const left of member.calls.enter(message.session)) this.#drop(left)
    if (message.type === 'calls') {
      for (const dropped of member.calls.keep(message.open)) this.#drop(dropped)
      return
    }
    const { id, from, body } = message
    const known = member.calls.known(id)
    if (known === 'waits') return
    if (known != null) return this.#queue(peer, member, id, known)
    const call = this.#accept(peer, member, id, from, body)
    if ('status' in call) return this.#queue(peer, member, id, call)
    member.calls.open(id, call)
    const { timeout } = { timeout: 0, ...body }
    if (timeout > 0)
      this.#timers.set(call, setTimeout(() => this.#expire(call), Math.min(timeout, MAX_TIMER_MS)).unref())
    this.#settle(this.#state.take(call))
    if (body.call === 'period') this.#init.onPeriod(call.by, from.step, body)
  }

  /** A member is excluded from the run: it counts in no barrier any more. */
  exclude(peer: string): void {
    for (const call of this.#members.get(peer)?.calls.clear() ?? []) this.#drop(call)
    this.#settle(this.#state.check())
  }

  /** @returns the call as it counts, or why it does not */
  #accept(peer: string, member: CallingPeer, id: number, from: CallOrigin, body: CallBody): OpenCall | CallAnswer {
    if (!isSameStep(from.step, this.#step)) return { status: 69, reason: 'the sample is over' }
    const by = this.#init
      .instances()
      .find(each => each.peer === peer && each.workload === from.workload && each.instance === from.instance)
    if (by == null) {
      return { status: 69, reason: `${from.workload}.${from.instance} of this member is not in the run` }
    }
    // an instance that has ended is news, however much it has called before
    if (body.call === 'end') return { peer, id, by, body }
    const now = this.#now()
    const size = 'value' in body ? body.value.length : 0
    if (member.calls.isFull) return { status: 75, reason: 'too many calls of this machine wait' }
    if (!member.rate.take(now)) return { status: 75, reason: `more than ${CALLS.perSecond} calls a second` }
    if (!member.bytes.take(now, size)) {
      return { status: 75, reason: `more than ${BYTES.perSecond / 2 ** 20} MiB of values a second` }
    }
    if (body.call === 'period' && ++member.periods > MAX_PERIODS) {
      return { status: 75, reason: `more than ${MAX_PERIODS} begins and ends of periods in one sample` }
    }
    return { peer, id, by, body }
  }

  #settle(done: Done[]): void {
    for (const { call, answer } of done) {
      this.#clearTimer(call)
      const member = this.#memberOf(call.peer)
      if (!member.calls.answer(call.id, answer, READS.has(call.body.call))) continue
      this.#queue(call.peer, member, call.id, answer)
    }
  }

  #expire(call: OpenCall): void {
    this.#settle([this.#state.expire(call)])
  }

  #drop(call: OpenCall): void {
    this.#clearTimer(call)
    this.#state.withdraw(call)
  }

  #clearTimer(call: OpenCall): void {
    clearTimeout(this.#timers.get(call))
    this.#timers.delete(call)
  }

  #queue(peer: string, member: CallingPeer, id: number, answer: CallAnswer): void {
    member.answers.push({ id, answer })
    void this.#pump(peer, member)
  }

  /** What comes in one turn of the event loop goes in one message. */
  async #pump(peer: string, member: CallingPeer): Promise<void> {
    if (member.isPumping) return
    member.isPumping = true
    try {
      await nextTurn()
      while (member.answers.length > 0) {
        const { session } = member.calls
        const answers = portionOf(member.answers)
        member.answers = member.answers.slice(answers.length)
        // a member without a stream asks again for all that it waits for
        if (!(await this.#init.deliver(peer, { type: 'answers', session, answers }))) member.answers = []
      }
    } finally {
      member.isPumping = false
    }
  }

  #memberOf(peer: string): CallingPeer {
    const member = this.#members.get(peer) ?? new CallingPeer(this.#now())
    this.#members.set(peer, member)
    return member
  }

  #newState(): SampleState {
    return new SampleState(
      () => this.#init.instances(),
      instance => this.#init.remark?.(instance) ?? ''
    )
  }
}

function portionOf(answers: AnswersMessage['answers']): AnswersMessage['answers'] {
  let bytes = 0
  const end = answers.findIndex(({ answer }, i) => {
    bytes += sizeOf(answer)
    return i > 0 && (i >= MAX_ANSWERS || bytes > MAX_PORTION_BYTES)
  })
  return end < 0 ? answers.slice(0, MAX_ANSWERS) : answers.slice(0, end)
}

const sizeOf = ({ value, messages = [] }: CallAnswer) =>
  (value?.length ?? 0) + messages.reduce((sum, message) => sum + message.value.length, 0)
