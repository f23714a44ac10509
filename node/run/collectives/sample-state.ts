/**
 * What the instances of one sample have said to each other: barriers, topics and keys, within their bounds. Pure: calls come in, and each
 * step returns the calls that are over. Nothing of it outlives the sample: a value of the one before would be taken for one of this.
 */
import { type CallAnswer, type CallBody, MAX_MISSING } from '../../../protocols/calls.ts'
import { asBakError } from '../../../protocols/errors.ts'
import { cutText } from '../../../protocols/fields.ts'
import { listInWords } from '../../../protocols/list-in-words.ts'
import { Barrier, type Expected } from './barrier.ts'
import { type Instance, instancesOf, nameOf } from './instances.ts'
import { Keys } from './keys.ts'
import { Topic } from './topic.ts'

export const BOUNDS = {
  /** At which somebody waits. */
  barriers: 1024,
  topics: 256,
  /** Of one topic. */
  topic: { messages: 4096, bytes: 4 * 1024 * 1024 },
  /** Of all topics. */
  topicBytes: 16 * 1024 * 1024,
  keys: { keys: 4096, bytes: 16 * 1024 * 1024 }
}
/** Instances that the text of an answer names. */
const MAX_NAMED = 8

/** A call that was counted, and waits or is over. */
export interface OpenCall {
  peer: string
  id: number
  by: Instance
  body: CallBody
}
export interface Done {
  call: OpenCall
  answer: CallAnswer
}

const DONE: CallAnswer = { status: 0 }
const wrong = (reason: string): CallAnswer => ({ status: 64, reason: cutText(reason) })
const cutList = (missing: string[]) => missing.slice(0, MAX_MISSING).map(cutText)
const full = (reason: string): CallAnswer => ({ status: 75, reason: cutText(reason) })

const HAS_ENDED = ' (has ended)'
const GAVE_UP = ' (gave up)'
/** Why it is so is named first. */
const rankOf = (remark: string) => (remark === HAS_ENDED ? 0 : remark === GAVE_UP ? 2 : 1)

interface OpenBarrier {
  barrier: Barrier<OpenCall>
  /** One that may come to it, for the group of all. */
  by: Instance
  group: string | undefined
  name: string
  /** Names of instances that came to this round, and left it at the end of their time. */
  gaveUp: Set<string>
}

export class SampleState {
  /** All that take part, without the members that are excluded. */
  readonly #instances: () => Instance[]
  /** What an instance that did not come has beside its name, such as that it cannot be reached. */
  readonly #remark: (instance: Instance) => string
  /** By group and name. */
  readonly #barriers = new Map<string, OpenBarrier>()
  readonly #topics = new Map<string, Topic<OpenCall>>()
  readonly #keys = new Keys<OpenCall>(BOUNDS.keys)
  /** Names of instances that have ended. */
  readonly #ended = new Set<string>()

  constructor(instances: () => Instance[], remark: (instance: Instance) => string = () => '') {
    this.#instances = instances
    this.#remark = remark
  }

  /** Counts a call. @returns all calls that are over by it, perhaps itself */
  take(call: OpenCall): Done[] {
    const { body, by } = call
    const answer = (answer: CallAnswer): Done[] => [{ call, answer }]
    if (this.#ended.has(nameOf(by)) && body.call !== 'end') return answer(wrong(`${nameOf(by)} has ended`))
    switch (body.call) {
      case 'barrier':
        return this.#enter(call, body)
      case 'publish': {
        const topic = this.#topic(body.name)
        if (topic == null) return answer(full(`there are ${BOUNDS.topics} topics already`))
        const number = topic.publish({ from: nameOf(by), value: body.value })
        this.#boundTopics()
        return [...answer({ status: 0, number }), ...this.#settleTopic(topic)]
      }
      case 'messages': {
        const topic = this.#topic(body.name)
        if (topic == null) return answer(full(`there are ${BOUNDS.topics} topics already`))
        topic.wait(call, body.from)
        return this.#settleTopic(topic)
      }
      case 'put': {
        const why = this.#keys.put(body.key, body.value)
        return [...answer(why == null ? DONE : full(why)), ...this.#settleKeys()]
      }
      case 'get':
        this.#keys.wait(call, body.key)
        return this.#settleKeys()
      case 'period':
        return answer(DONE)
      case 'end':
        this.#ended.add(nameOf(by))
        return [...answer(DONE), ...this.check()]
    }
  }

  /** Nobody waits for the call any more. */
  withdraw(call: OpenCall): void {
    for (const { barrier } of this.#barriers.values()) barrier.withdraw(call)
    for (const topic of this.#topics.values()) topic.withdraw(call)
    this.#keys.withdraw(call)
  }

  /** Somebody was excluded or has ended: barriers may be complete, or hopeless. @returns the calls that are over */
  check(): Done[] {
    return [...this.#barriers.values()].flatMap(each => this.#settleBarrier(each))
  }

  /** @returns what a call is told that has waited for as long as it was to */
  expire(call: OpenCall): Done {
    const { body } = call
    const seconds = 'timeout' in body ? body.timeout / 1000 : 0
    const answer = (reason: string, more: Partial<CallAnswer> = {}): Done => ({
      call,
      answer: { status: 1, reason: cutText(reason), ...more }
    })
    const about = body.call === 'barrier' ? this.#barrierOf(call, body) : undefined
    const missing =
      about == null ? [] : this.#named(about, about.barrier.missing(this.#expected(about.by, about.group)))
    this.withdraw(call)
    about?.gaveUp.add(nameOf(call.by))
    if (body.call === 'get') return answer(`${body.key} has no value after ${seconds} s`)
    if (body.call !== 'barrier') return answer(`no message came within ${seconds} s`)
    const reason = `barrier ${body.name}: after ${seconds} s not here: ${listInWords(missing, MAX_NAMED)}`
    return answer(reason, { missing: cutList(missing) })
  }

  #enter(call: OpenCall, { name, group, count }: CallBody & { call: 'barrier' }): Done[] {
    const { by } = call
    let size: number
    try {
      size = instancesOf(this.#instances(), by, group).length
    } catch (cause) {
      return [{ call, answer: wrong(asBakError(cause).message) }]
    }
    if (count != null && count > size) {
      return [
        {
          call,
          answer: wrong(
            `barrier ${name}: --count ${count}, and the group has ${size} ${size === 1 ? 'instance' : 'instances'}`
          )
        }
      ]
    }
    const key = JSON.stringify([group ?? by.workload, name])
    let open = this.#barriers.get(key)
    // between two rounds it may be called with another number
    if (open == null || (open.barrier.isEmpty && open.barrier.count !== count)) {
      if (open == null && !this.#hasRoomForBarrier()) {
        return [{ call, answer: full(`at ${BOUNDS.barriers} barriers somebody waits already`) }]
      }
      open = { barrier: new Barrier(count), by, group, name, gaveUp: new Set() }
      this.#barriers.set(key, open)
    }
    if (open.barrier.count !== count) {
      const others = open.barrier.count == null ? 'without --count' : `with --count ${open.barrier.count}`
      return [{ call, answer: wrong(`barrier ${name}: others wait at it ${others}`) }]
    }
    open.gaveUp.delete(nameOf(by))
    open.barrier.enter(nameOf(by), call)
    return this.#settleBarrier(open)
  }

  /** One at which nobody waits gives way: a script may give each its own name. */
  #hasRoomForBarrier(): boolean {
    if (this.#barriers.size < BOUNDS.barriers) return true
    const unused = [...this.#barriers].find(([, { barrier }]) => barrier.isEmpty)
    return unused != null && this.#barriers.delete(unused[0])
  }

  #settleBarrier(open: OpenBarrier): Done[] {
    const { barrier, by, group, name, gaveUp } = open
    const settled = barrier.settle(this.#expected(by, group))
    if (settled == null) return []
    if ('round' in settled) {
      gaveUp.clear()
      const answer: CallAnswer = { status: 0, number: settled.round, size: settled.size }
      return settled.calls.map(call => ({ call, answer }))
    }
    const missing = this.#named(open, settled.missing)
    const reason = `barrier ${name}: ${settled.come} of ${settled.needed} have come; not here: ${listInWords(missing, MAX_NAMED)}`
    const answer: CallAnswer = { status: 1, reason: cutText(reason), missing: cutList(missing) }
    return settled.calls.map(call => ({ call, answer }))
  }

  #expected(by: Instance, group: string | undefined): Expected {
    return { names: this.#groupOf(by, group).map(nameOf), ended: this.#ended }
  }

  /** A group whose members were all excluded has nobody. */
  #groupOf(by: Instance, group: string | undefined): Instance[] {
    try {
      return instancesOf(this.#instances(), by, group)
    } catch {
      return []
    }
  }

  #barrierOf({ by }: OpenCall, { name, group }: CallBody & { call: 'barrier' }): OpenBarrier | undefined {
    return this.#barriers.get(JSON.stringify([group ?? by.workload, name]))
  }

  /** @returns names with what is known of each, those that have ended first */
  #named({ by, group, gaveUp }: OpenBarrier, names: string[]): string[] {
    const absent = new Set(names)
    const all = this.#groupOf(by, group).filter(instance => absent.has(nameOf(instance)))
    const remarkOf = (instance: Instance) => {
      if (this.#ended.has(nameOf(instance))) return HAS_ENDED
      return gaveUp.has(nameOf(instance)) ? GAVE_UP : this.#remark(instance)
    }
    return all
      .map(instance => ({ name: nameOf(instance), remark: remarkOf(instance) }))
      .sort((a, b) => rankOf(a.remark) - rankOf(b.remark))
      .map(({ name, remark }) => `${name}${remark}`)
  }

  #topic(name: string): Topic<OpenCall> | undefined {
    const known = this.#topics.get(name)
    if (known != null || this.#topics.size >= BOUNDS.topics) return known
    const topic = new Topic<OpenCall>(BOUNDS.topic)
    this.#topics.set(name, topic)
    return topic
  }

  /** The topic that has most gives way. */
  #boundTopics(): void {
    const all = [...this.#topics.values()]
    let bytes = all.reduce((sum, topic) => sum + topic.bytes, 0)
    while (bytes > BOUNDS.topicBytes) {
      const largest = all.reduce((a, b) => (b.bytes > a.bytes ? b : a))
      bytes -= largest.bytes
      if (!largest.dropOldest()) return
      bytes += largest.bytes
    }
  }

  #settleTopic(topic: Topic<OpenCall>): Done[] {
    return topic
      .settle()
      .map(({ call, number, messages }) => ({ call, answer: { status: 0, number, messages } as CallAnswer }))
  }

  #settleKeys(): Done[] {
    return this.#keys.settle().map(({ call, value }) => ({ call, answer: { status: 0, value } as CallAnswer }))
  }
}
