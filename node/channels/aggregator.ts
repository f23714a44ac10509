/**
 * A member's place in a run with branches. Below a head it answers that one. As a head itself it hands what the controller
 * commands to those below it, and sends up their answers with its own: bundled once all have come, and else a few times a second.
 */
import type { Envelope, Signed } from '../../protocols/envelope.ts'
import {
  type Ack,
  type Answers,
  bundleOf,
  type Command,
  type FromMember,
  MAX_BUNDLE,
  MAX_BUNDLED,
  strayFields
} from '../../protocols/phase.ts'
import type { Door, Inbox, Refusal } from './run-stream-server.ts'
import { type Place, peersIn } from './tree.ts'

/** An answer waits so long for others, ms. */
const GATHERING = 100
/** Bundles in one message, and their bytes: with room for one more it is a frame. */
const MAX_BUNDLES = 512
const MAX_BYTES = 2 * MAX_BUNDLE

export interface BranchInit {
  run: string
  self: string
  place: Place
  /** Of everyone on the roster. */
  ranks: Map<string, number>
  inbox: Pick<Inbox, 'open' | 'close' | 'tell'>
  /** How often those below hear that this member is there, ms. */
  pulse: number
  /** To the controller, or the head above. */
  send(message: FromMember, seq: number): void
}

export class Branch {
  readonly #init: BranchInit
  /** All below this member, with whom it tells itself so that they hear. */
  readonly #below = new Map<string, string>()
  #command: Command | undefined
  #envelope: Envelope | undefined
  /** Whose answers are to come. */
  #waiting = new Set<string>()
  #acks: Array<{ rank: number; sealed: Envelope }> = []
  #bundles: Answers['bundles'] = []
  #timer: NodeJS.Timeout | undefined

  constructor(init: BranchInit) {
    this.#init = init
    for (const branch of init.place.below) for (const peer of peersIn(branch)) this.#below.set(peer, branch.head)
  }

  /** Lets those below in. */
  start(): void {
    const door: Door = {
      admits: peer => this.#init.place.below.some(({ head }) => head === peer),
      pulse: this.#init.pulse,
      onOpen: peer => this.#tell([peer]),
      onClose: peer => this.#report([peer]),
      speaksFor: (line, peer) => this.#below.get(peer) === line,
      onAck: ack => this.#onAck(ack),
      onAnswers: (peer, answers) => this.#onAnswers(peer, answers)
    }
    this.#init.inbox.open(this.#init.run, door)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#init.inbox.close(this.#init.run)
  }

  /** Hands a command on that came from above; a repeat to those who have not answered. */
  pass(command: Command, envelope: Envelope): void {
    if (this.#command?.seq !== command.seq) {
      clearTimeout(this.#timer)
      this.#timer = undefined
      const { self } = this.#init
      this.#waiting = new Set([self, ...this.#below.keys()].filter(peer => command.to?.includes(peer) ?? true))
      this.#acks = []
      this.#bundles = []
    }
    this.#command = command
    this.#envelope = envelope
    this.#tell([...this.#waiting].flatMap(peer => this.#below.get(peer) ?? []))
  }

  /** This member's own answer. @returns whether it goes with those of the others */
  answer(ack: Signed<Ack>): boolean {
    if (ack.value.seq !== this.#command?.seq || !this.#waiting.has(ack.by)) return false
    this.#take(ack)
    return true
  }

  #tell(heads: string[]): void {
    const [command, sealed] = [this.#command, this.#envelope]
    if (command == null || sealed == null) return
    const unique = new Set(heads)
    const told = new Set(this.#init.inbox.tell(this.#init.run, unique, { type: 'command', sealed }))
    this.#report([...unique].filter(head => !told.has(head)))
  }

  /** Says above whom this member cannot reach, so that somebody else does. */
  #report(heads: string[]): void {
    const seq = this.#command?.seq
    if (seq == null) return
    const unheard = [...this.#waiting].filter(peer => heads.includes(this.#below.get(peer) ?? '')).map(this.#rank)
    if (unheard.length > 0) this.#init.send({ type: 'answers', seq, bundles: [], unheard }, seq)
  }

  readonly #rank = (peer: string): number => this.#init.ranks.get(peer) as number

  #onAck(ack: Signed<Ack>): Refusal | undefined {
    const command = this.#command
    if (command == null || strayFields(ack.value, command).length > 0)
      return { code: 'phase-closed', reason: `phase ${ack.value.seq} is not open here` }
    if (this.#waiting.has(ack.by)) this.#take(ack)
    return undefined
  }

  #take({ by, value, envelope: sealed }: Signed<Ack>): void {
    this.#waiting.delete(by)
    // what is not good, or long, somebody above wants to read at once
    if (value.outcome !== 'ok' || sealed.body.length > MAX_BUNDLED) this.#init.send({ type: 'ack', sealed }, value.seq)
    else this.#acks.push({ rank: this.#rank(by), sealed })
    this.#await()
  }

  #onAnswers(from: string, { seq, bundles, unheard }: Answers): Refusal | undefined {
    const peers = bundles.flatMap(({ ranks }) => ranks)
    const belongs = new Set([...this.#below].filter(([, head]) => head === from).map(([peer]) => this.#rank(peer)))
    if (![...peers, ...unheard].every(rank => belongs.has(rank)))
      return { code: 'not-allowed', reason: `${from} answers for who is not below it` }
    if (this.#command?.seq !== seq) return { code: 'phase-closed', reason: `phase ${seq} is not open here` }
    if (unheard.length > 0) this.#init.send({ type: 'answers', seq, bundles: [], unheard }, seq)
    if (bundles.length === 0) return undefined
    const answered = new Set(peers)
    for (const peer of this.#waiting) if (answered.has(this.#rank(peer))) this.#waiting.delete(peer)
    this.#bundles.push(...bundles)
    this.#await()
    return undefined
  }

  #await(): void {
    if (this.#waiting.size === 0) return this.#flush()
    this.#timer ??= setTimeout(() => this.#flush(), GATHERING)
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const seq = this.#command?.seq
    if (seq == null) return
    const bundles = [...this.#bundles, ...bundlesOf(this.#acks)]
    this.#acks = []
    this.#bundles = []
    for (let from = 0; from < bundles.length; ) {
      let [to, bytes] = [from, 0]
      while (to < bundles.length && to - from < MAX_BUNDLES && bytes < MAX_BYTES) bytes += sizeOf(bundles[to++])
      this.#init.send({ type: 'answers', seq, bundles: bundles.slice(from, to), unheard: [] }, seq)
      from = to
    }
  }
}

const sizeOf = (bundle: Answers['bundles'][number] | undefined) => bundle?.sealed.length ?? 0

/** None larger than a bundle may be. */
function bundlesOf(acks: Array<{ rank: number; sealed: Envelope }>): Answers['bundles'] {
  const parts: Array<typeof acks> = []
  let bytes = Number.POSITIVE_INFINITY
  for (const ack of acks) {
    // its own bytes, and those of signer and signature
    bytes += ack.sealed.body.length + 160
    if (bytes > MAX_BUNDLE) {
      parts.push([])
      bytes = ack.sealed.body.length + 160
    }
    parts.at(-1)?.push(ack)
  }
  return parts.map(part => ({
    ranks: part.map(({ rank }) => rank),
    sealed: bundleOf(part.map(({ sealed }) => sealed))
  }))
}
