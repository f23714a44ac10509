/**
 * What this peer hears of runs. The topic of the mesh carries `join` commands and notices of all runs, so that every peer can tell of a
 * run without its controller; the topic of a run carries its later commands, and only those that take part subscribe to it. What is
 * kept is bounded; the oldest run goes first.
 */
import { TypedEventEmitter } from 'main-event'
import { decode, encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, open, type Signed } from '../../protocols/envelope.ts'
import { BakError, Ignored } from '../../protocols/errors.ts'
import type { Phase } from '../../protocols/fields.ts'
import { runTopicName, topicName } from '../../protocols/hello.ts'
import { type Lead, refusalOfLead } from '../../protocols/lead.ts'
import { type ClosedPhase, type Notice, noticeSubject } from '../../protocols/notice.ts'
import { type Command, commandSubject, type RunMessage, runMessage } from '../../protocols/phase.ts'
import type { Log } from '../log.ts'
import type { Gossip, Topic } from '../mesh/gossip.ts'
import { checkPermission, type Roles } from '../mesh/permissions.ts'

const MAX_RUNS = 64
const MAX_CERTIFICATE_BYTES = 32 * 1024 * 1024
/** Phases that are kept of one run; of a longer one the latest. */
const MAX_PHASES = 4_096

/** What a peer has heard of a run. */
export interface FollowedRun {
  run: string
  lead: Lead
  /** The latest command that was heard: `join`, for a peer that takes no part. */
  command?: Command
  /** Digests of the two descriptions, as its commands and notices name them. */
  offer?: string
  manifest?: string
  /** Phases that are over, in their order. */
  closed: ClosedPhase[]
  /** Certificates that this peer keeps for the mesh, by digest, in their order. */
  certificates: Map<string, Envelope>
  certificateBytes: number
  /** Other peers that keep certificates. */
  holders: Set<string>
  /** Peers that joined; empty once the run is over. */
  members: Set<string>
}

export interface RunFeedComponents {
  gossip: Gossip
  authority: Roles
}

/** A message of a run whose signature is good. */
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
  readonly #mesh: string
  readonly #log: Log
  readonly #runs = new Map<string, FollowedRun>()
  /** Runs whose topic this peer is subscribed to, and how many of its parts asked for that. */
  readonly #entered = new Map<string, number>()

  constructor(components: RunFeedComponents, init: { mesh: string; log: Log }) {
    super()
    this.#log = init.log.with({}, 'run-feed')
    this.#gossip = components.gossip
    this.#authority = components.authority
    this.#mesh = init.mesh
  }

  afterStart(): void {
    this.#subscribe(this.#topicOf(), ({ phase }) => phase === 'join')
  }

  /**
   * Subscribes to the topic of a run in which this peer takes part.
   * @param admits whether another peer may get the commands of the run; asked at each message
   */
  enter(run: string, admits: (peer: string) => boolean): void {
    const times = this.#entered.get(run) ?? 0
    this.#entered.set(run, times + 1)
    if (times > 0) return
    const belongs = (command: Command) => command.run === run && command.phase !== 'join'
    this.#subscribe(this.#topicOf(run), belongs, admits)
  }

  /** To be called once for each `enter`. */
  leave(run: string): void {
    const times = this.#entered.get(run) ?? 0
    if (times > 1) return void this.#entered.set(run, times - 1)
    this.#entered.delete(run)
    this.#gossip.unsubscribe(this.#topicOf(run))
  }

  /** @returns whether a message reaches each of the peers in one hop. @param run whose topic; that of the mesh where it is left out */
  reaches(peers: string[], run?: string): boolean {
    return this.#gossip.reaches(this.#topicOf(run), peers)
  }

  /** Publishes what this peer has signed, and handles it here: gossip does not return it. */
  publish(heard: Heard): void {
    const message: RunMessage = { type: heard.type, sealed: heard.signed.envelope }
    const { run } = heard.signed.value
    const onMesh = heard.type === 'notice' || heard.signed.value.phase === 'join'
    this.#gossip.publish(this.#topicOf(onMesh ? undefined : run), encode(message))
    this.handle(heard)
  }

  /** Keeps a certificate that the lead of a run has sent. Whoever asks for it checks it. */
  keep(run: string, sealed: Envelope): void {
    const known = this.#runs.get(run)
    if (known == null || known.lead.by !== sealed.by) return
    if (known.certificateBytes + sealed.body.length > MAX_CERTIFICATE_BYTES / MAX_RUNS) return
    known.certificateBytes += sealed.body.length
    known.certificates.set(digestOf(encode(sealed)), sealed)
  }

  /** @returns the runs in which a peer takes part now, as far as their notices say */
  runsOf(peer: string): Array<{ run: string; controller: string }> {
    const runs = [...this.#runs.values()].filter(({ members }) => members.has(peer))
    return runs.map(({ run, lead }) => ({ run, controller: lead.by }))
  }

  get(run: string): FollowedRun | undefined {
    return this.#runs.get(run)
  }

  runs(): FollowedRun[] {
    return [...this.#runs.values()]
  }

  /** Handles a message here only. */
  handle(heard: Heard): void {
    const { value, by } = heard.signed
    const claim = { by, epoch: value.epoch }
    const known = this.#known(value.run, claim)
    // only the lead of a run speaks for it
    const refusal = refusalOfLead(known.lead, claim)
    if (refusal != null) {
      const { code, reason: why } = refusal
      return this.#log.refused(`${heard.type} refused`, { run: value.run, from: by, code, why })
    }
    if (heard.type === 'command') {
      learnSubject(known, heard.signed.value.phase, heard.signed.value.subject)
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

  #topicOf(run?: string): string {
    return run == null ? topicName(this.#mesh, 'run') : runTopicName(this.#mesh, run)
  }

  /** @param belongs whether a command may travel on the topic */
  #subscribe(name: string, belongs: (command: Command) => boolean, admits?: (peer: string) => boolean): void {
    const check: Topic<Heard>['check'] = (bytes, claim) => {
      const heard = checkRunMessage(decode(runMessage, bytes), this.#authority, claim)
      if (heard.type === 'notice' || belongs(heard.signed.value)) return heard
      throw new BakError(
        'bad-message',
        `${heard.signed.value.phase} of ${heard.signed.value.run} is not for this topic`
      )
    }
    this.#gossip.subscribe({
      ...{ name, check, admits },
      isOneHop: heard => heard.signed.value.oneHop === true,
      handle: heard => this.handle(heard)
    })
  }

  #known(run: string, lead: Lead): FollowedRun {
    const known = this.#runs.get(run) ?? newFollowed(run, lead)
    this.#runs.delete(run)
    this.#runs.set(run, known)
    if (this.#runs.size > MAX_RUNS) this.#forgetOne()
    return known
  }

  /** Drops the oldest run of the controller with most runs, so that no controller crowds out the others. */
  #forgetOne(): void {
    const byController = Map.groupBy(this.#runs.values(), ({ lead }) => lead.by)
    const [most] = [...byController.values()].sort((a, b) => b.length - a.length)
    const oldest = most?.[0]
    if (oldest != null) this.#runs.delete(oldest.run)
  }
}

const newFollowed = (run: string, lead: Lead): FollowedRun => ({
  ...{ run, lead, closed: [], certificates: new Map(), certificateBytes: 0 },
  ...{ holders: new Set<string>(), members: new Set<string>() }
})

/** All commands but `join` are about the manifest, or end a run that never had one. */
function learnSubject(known: FollowedRun, phase: Phase, subject: string): void {
  if (phase === 'join') known.offer = subject
  else if (subject !== known.offer) known.manifest = subject
}

function note(known: FollowedRun, { phases, holders, members }: Notice): void {
  // gossip may bring an older notice later
  const had = new Set(known.closed.map(({ seq }) => seq))
  const fresh = phases.filter(({ seq }) => !had.has(seq))
  known.closed = [...known.closed, ...fresh].sort((a, b) => a.seq - b.seq).slice(-MAX_PHASES)
  // a controller that was started again does not know them any more
  if (holders.length > 0) known.holders = new Set(holders)
  for (const { phase, subject } of phases) learnSubject(known, phase, subject)
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
