/** Certifies how a phase ended: signs the certificate, sends it to the members that keep a copy, and publishes its digest. */
import { encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, seal } from '../../protocols/envelope.ts'
import { cutText, type Phase } from '../../protocols/fields.ts'
import type { Exclusion } from '../../protocols/manifest.ts'
import { MAX_NAMED_OUT } from '../../protocols/notice.ts'
import { type Certificate, type Command, certificateSubject, numberedPhaseOf } from '../../protocols/phase.ts'
import { whyFailed } from './ending.ts'
import { Notices } from './notices.ts'
import type { Closed } from './open-phase.ts'
import type { RunContext } from './run-context.ts'
import { isAboutTasks } from './task-members.ts'

/** Members that keep each certificate beside the controller. */
export const REPLICAS = 3
/** Phases that the mesh is told of at once. */
const NOTICED_AT_ONCE: Phase[] = ['join', 'terminate']

export class Certifier {
  readonly #run: RunContext
  /** Members whose loss during a workload is certified. */
  readonly #lost = new Set<string>()
  readonly notices: Notices

  constructor(run: RunContext) {
    this.#run = run
    this.notices = new Notices(run)
  }

  /** Members without a good answer are excluded from here on. @returns the signed certificate */
  certify(command: Command, closed: Closed, { asked, needed }: { asked: number; needed: number }): Envelope {
    const { run, epoch, phase, subject } = command
    const { events, parts, active } = this.#run
    const excluded = this.#excludedBy(command, closed)
    const { verdict, took } = closed
    const acks = closed.acks.map(ack => ack.envelope)
    const about = { ...numberedPhaseOf(command), verdict, asked }
    const outcome = { ...about, subject, needed, closed: Date.now() }
    const certificate: Certificate = { run, epoch, ...outcome, acks, excluded }
    const sealed = seal(certificateSubject, certificate, parts.signer)
    const bytes = encode(sealed)
    const digest = digestOf(bytes)
    const holders = [...active.keys()].filter(peer => peer !== parts.signer.peer).slice(0, REPLICAS)
    const sent = parts.runStreams.send(run, holders, { type: 'certificate', sealed })
    // a member without a stream fetches it by the digest in the notice
    if (sent.length < holders.length) parts.content.put(bytes)
    const ok = closed.acks.filter(({ value }) => value.outcome === 'ok').length
    this.notices.add({ ...outcome, ok, excluded: excluded.slice(0, MAX_NAMED_OUT), certificate: digest }, holders)
    if (NOTICED_AT_ONCE.includes(phase) || excluded.length > 0) {
      this.notices.flush(phase === 'join' ? closed.acks.map(({ by }) => by) : undefined)
    }
    const reason = whyFailed(closed, asked, needed)
    events.store({ type: 'phase-closed', ...about, ok, took, reason, certificate: digest })
    for (const each of excluded) this.#run.exclude(each)
    return sealed
  }

  /**
   * A command that fails is a result, not a member that is out of order, and so is a workload: it is in a good answer. Those that were lost
   * meanwhile are out of the run already.
   */
  #excludedBy(command: Command, { missing, acks, verdict }: Closed): Exclusion[] {
    const { phase, part } = command
    const answered = new Set(acks.map(({ by }) => by))
    // what is done once for all failed by itself, and of a run that ends for it whoever answered hands over what it has
    const isResult = isAboutTasks(command) && (part === 'setup' || part === 'teardown' || verdict === 'failed')
    const counted = missing.filter(({ peer }) => !isResult || !answered.has(peer))
    const isAnswered = phase !== 'work' || part != null
    const out = isAnswered ? counted.map(each => ({ ...each, phase, reason: cutText(each.reason) })) : []
    if (phase !== 'work') return out
    const lost = this.#run.record.excluded.filter(each => each.phase === 'work' && !this.#lost.has(each.peer))
    for (const { peer } of lost) this.#lost.add(peer)
    return [...lost, ...out.filter(({ peer }) => !this.#run.excluded.has(peer))]
  }
}
