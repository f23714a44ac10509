/**
 * The topic `run`: commands and certificates of every run in the mesh. Each peer follows them all, so that it can tell of a
 * run and prove its phases without the controller. What it holds is bounded; the oldest run goes first.
 */
import { TypedEventEmitter } from 'main-event'
import { decode, encode } from '../../protocols/codec.ts'
import { type Envelope, open, type Signed } from '../../protocols/envelope.ts'
import { topicName } from '../../protocols/hello.ts'
import {
  type Certificate,
  type Command,
  certificateSubject,
  commandSubject,
  type RunMessage,
  runMessage
} from '../../protocols/phase.ts'
import type { Log } from '../log.ts'
import { checkDeed, type Roles } from '../mesh/deeds.ts'
import type { Gossip, Topic } from '../mesh/gossip.ts'
import { Ignored } from '../mesh/ignored.ts'

const MAX_RUNS = 64
const MAX_CERTIFICATE_BYTES = 32 * 1024 * 1024

/** What a peer has heard of a run. */
export interface Followed {
  run: string
  controller: string
  /** The latest command. */
  command?: Command
  certificates: Envelope[]
  bytes: number
  /** Who joined; nobody once the run is over. */
  members: Set<string>
}

export interface FollowComponents {
  gossip: Gossip
  authority: Roles
}

export interface FollowEvents {
  command: CustomEvent<Signed<Command>>
  certificate: CustomEvent<Signed<Certificate>>
}

type Heard = { type: 'command'; signed: Signed<Command> } | { type: 'certificate'; signed: Signed<Certificate> }

export class Follow extends TypedEventEmitter<FollowEvents> {
  readonly #gossip: Gossip
  readonly #authority: Roles
  readonly #topic: string
  readonly #log: Log
  readonly #runs = new Map<string, Followed>()

  constructor(components: FollowComponents, init: { mesh: string; log: Log }) {
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
    const check: Topic<Heard>['check'] = (bytes, claim) => checkRunMessage(bytes, this.#authority, claim)
    this.#gossip.subscribe({ name: this.#topic, check, handle: heard => this.#onHeard(heard) })
  }

  /** Tells the mesh and this peer itself. */
  publish(message: RunMessage): void {
    const bytes = encode(message)
    this.#gossip.publish(this.#topic, bytes)
    this.#onHeard(checkRunMessage(bytes, this.#authority))
  }

  /** @returns the runs in which a peer takes part now, as far as their controllers have told */
  runsOf(peer: string): Followed[] {
    return [...this.#runs.values()].filter(({ members }) => members.has(peer))
  }

  get(run: string): Followed | undefined {
    return this.#runs.get(run)
  }

  runs(): Followed[] {
    return [...this.#runs.values()]
  }

  #onHeard(heard: Heard): void {
    const { value, by, envelope } = heard.signed
    const known = this.#known(value.run, by)
    // only the peer that began a run speaks for it
    if (known.controller !== by) {
      const about = { run: value.run, phase: value.phase, from: by, code: 'not-the-controller' }
      this.#log.refused(`${heard.type} refused`, { ...about, why: `${known.controller} drives this run` })
      return
    }
    if (heard.type === 'command') {
      if (known.command == null || known.command.seq <= heard.signed.value.seq) known.command = heard.signed.value
      this.dispatchEvent(new CustomEvent('command', { detail: heard.signed }))
    } else {
      this.#keep(known, envelope)
      if (heard.signed.value.phase === 'join') known.members = new Set(heard.signed.value.acks.map(ack => ack.by))
      if (heard.signed.value.phase === 'terminate') known.members.clear()
      this.dispatchEvent(new CustomEvent('certificate', { detail: heard.signed }))
    }
  }

  #known(run: string, by: string): Followed {
    const known = this.#runs.get(run) ?? { run, controller: by, certificates: [], bytes: 0, members: new Set<string>() }
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

  #keep(followed: Followed, envelope: Envelope): void {
    if (followed.bytes + envelope.body.length > MAX_CERTIFICATE_BYTES / MAX_RUNS) return
    followed.bytes += envelope.body.length
    followed.certificates.push(envelope)
  }
}

function checkRunMessage(bytes: Uint8Array, authority: Roles, claim: (signer: string) => void = () => {}): Heard {
  const { type, sealed } = decode(runMessage, bytes)
  claim(sealed.by)
  // its record may still come; commands are repeated
  if (authority.roleOf(sealed.by) == null)
    throw new Ignored('not-ready', `${sealed.by} is not known here as a controller`)
  checkDeed(authority, sealed.by, 'drive')
  return type === 'command'
    ? { type, signed: open(commandSubject, sealed) }
    : { type, signed: open(certificateSubject, sealed) }
}
