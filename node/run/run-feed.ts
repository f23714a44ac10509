/**
 * The topic `run`: commands of every run in the mesh, and how its phases ended. Each peer follows them all, so that it can
 * tell of a run without the controller; some hold the certificates that prove it. What is held is bounded; the oldest run
 * goes first.
 */
import { TypedEventEmitter } from 'main-event'
import { decode, encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, open, type Signed } from '../../protocols/envelope.ts'
import { topicName } from '../../protocols/hello.ts'
import { type ClosedPhase, type Notice, noticeSubject } from '../../protocols/notice.ts'
import { type Command, commandSubject, type RunMessage, runMessage } from '../../protocols/phase.ts'
import type { Log } from '../log.ts'
import type { Gossip, Topic } from '../mesh/gossip.ts'
import { Ignored } from '../mesh/ignored.ts'
import { checkPermission, type Roles } from '../mesh/permissions.ts'

const MAX_RUNS = 64
const MAX_CERTIFICATE_BYTES = 32 * 1024 * 1024
/** Phases that are remembered of one run; of a longer one those that came last. */
const MAX_PHASES = 4_096

/** What a peer has heard of a run. */
export interface FollowedRun {
  run: string
  controller: string
  /** The latest command that was heard: not every one is told to all. */
  command?: Command
  /** Phases that are over, in their order. */
  closed: ClosedPhase[]
  /** Certificates that this peer holds for the mesh, by digest, in their order. */
  held: Map<string, Envelope>
  bytes: number
  /** Who else holds certificates. */
  holders: Set<string>
  /** Who joined; nobody once the run is over. */
  members: Set<string>
}

export interface RunFeedComponents {
  gossip: Gossip
  authority: Roles
}

export type Heard = { type: 'command'; signed: Signed<Command> } | { type: 'notice'; signed: Signed<Notice> }

export interface RunFeedEvents {
  command: CustomEvent<Signed<Command>>
  notice: CustomEvent<Signed<Notice>>
  /** Members have joined a run, or the run has ended. */
  participants: CustomEvent<{ controller: string }>
}

export class RunFeed extends TypedEventEmitter<RunFeedEvents> {
  readonly #gossip: Gossip
  readonly #authority: Roles
  readonly #topic: string
  readonly #log: Log
  readonly #runs = new Map<string, FollowedRun>()

  constructor(components: RunFeedComponents, init: { mesh: string; log: Log }) {
    super()
    this.#log = init.log.with({}, 'follow')
    this.#gossip = components.gossip
    this.#authority = components.authority
    this.#topic = topicName(init.mesh, 'run')
  }

  /** libp2p starts only what has both. */
  start(): void {}
  stop(): void {}

  afterStart(): void {
    const check: Topic<Heard>['check'] = (bytes, claim) =>
      checkRunMessage(decode(runMessage, bytes), this.#authority, claim)
    this.#gossip.subscribe({ name: this.#topic, check, handle: heard => this.#onHeard(heard) })
  }

  /** Tells this peer itself what it has signed, and the mesh unless all who need it have got it otherwise. */
  say(heard: Heard, { toMesh = true }: { toMesh?: boolean } = {}): void {
    if (toMesh) {
      const message: RunMessage = { type: heard.type, sealed: heard.signed.envelope }
      this.#gossip.publish(this.#topic, encode(message))
    }
    this.#onHeard(heard)
  }

  /** Hears what came over a stream as if it had been gossiped. @throws {BakError} what is wrong with it */
  take(message: RunMessage): void {
    this.#onHeard(checkRunMessage(message, this.#authority))
  }

  /** Holds a certificate that the controller of a run has sent. Whoever asks for it checks it. */
  hold(run: string, sealed: Envelope): void {
    const known = this.#runs.get(run)
    if (known == null || known.controller !== sealed.by) return
    if (known.bytes + sealed.body.length > MAX_CERTIFICATE_BYTES / MAX_RUNS) return
    known.bytes += sealed.body.length
    known.held.set(digestOf(encode(sealed)), sealed)
  }

  /** @returns the runs in which a peer takes part now, as far as their controllers have told */
  runsOf(peer: string): FollowedRun[] {
    return [...this.#runs.values()].filter(({ members }) => members.has(peer))
  }

  get(run: string): FollowedRun | undefined {
    return this.#runs.get(run)
  }

  runs(): FollowedRun[] {
    return [...this.#runs.values()]
  }

  #onHeard(heard: Heard): void {
    const { value, by } = heard.signed
    const known = this.#known(value.run, by)
    // only the peer that began a run speaks for it
    if (known.controller !== by) {
      const about = { run: value.run, from: by, code: 'not-the-controller' }
      this.#log.refused(`${heard.type} refused`, { ...about, why: `${known.controller} drives this run` })
      return
    }
    if (heard.type === 'command') {
      if (known.command == null || known.command.seq <= heard.signed.value.seq) known.command = heard.signed.value
      this.dispatchEvent(new CustomEvent('command', { detail: heard.signed }))
    } else {
      note(known, heard.signed.value)
      this.dispatchEvent(new CustomEvent('notice', { detail: heard.signed }))
      if (heard.signed.value.phases.some(({ phase }) => phase === 'join' || phase === 'terminate')) {
        this.dispatchEvent(new CustomEvent('participants', { detail: { controller: by } }))
      }
    }
  }

  #known(run: string, by: string): FollowedRun {
    const known = this.#runs.get(run) ?? newFollowed(run, by)
    this.#runs.delete(run)
    this.#runs.set(run, known)
    if (this.#runs.size > MAX_RUNS) this.#forgetOne()
    return known
  }

  /** Of the runs of whoever has most of them the one that was heard of longest ago: nobody crowds out the others. */
  #forgetOne(): void {
    const byController = Map.groupBy(this.#runs.values(), ({ controller }) => controller)
    const [most] = [...byController.values()].sort((a, b) => b.length - a.length)
    const oldest = most?.[0]
    if (oldest != null) this.#runs.delete(oldest.run)
  }
}

const newFollowed = (run: string, controller: string): FollowedRun => ({
  ...{ run, controller, closed: [], held: new Map(), bytes: 0 },
  ...{ holders: new Set<string>(), members: new Set<string>() }
})

function note(known: FollowedRun, { phases, holders, members }: Notice): void {
  // gossip may bring an older one later, and what some have over their lines again
  const had = new Set(known.closed.map(({ seq }) => seq))
  const fresh = phases.filter(({ seq }) => !had.has(seq))
  known.closed = [...known.closed, ...fresh].sort((a, b) => a.seq - b.seq).slice(-MAX_PHASES)
  known.holders = new Set(holders)
  if (members != null) known.members = new Set(members)
  if (known.closed.at(-1)?.phase === 'terminate') known.members.clear()
}

function checkRunMessage(
  { type, sealed }: RunMessage,
  authority: Roles,
  claim: (signer: string) => void = () => {}
): Heard {
  claim(sealed.by)
  // its record may still come; commands are repeated
  if (authority.roleOf(sealed.by) == null)
    throw new Ignored('not-ready', `${sealed.by} is not known here as a controller`)
  checkPermission(authority, sealed.by, 'drive')
  return type === 'command'
    ? { type, signed: open(commandSubject, sealed) }
    : { type, signed: open(noticeSubject, sealed) }
}
