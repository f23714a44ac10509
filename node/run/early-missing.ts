/**
 * What members say before their answers that they will lack: named at once, so many of each member. Where the policy of a tool that has ended
 * says so, its member is excluded while the workload runs, or the run fails.
 */
import { cutText } from '../../protocols/fields.ts'
import { ENDS, onEndOf } from '../../protocols/on-end.ts'
import { forRank } from '../../protocols/overridden.ts'
import { describeShortfall, type Missing } from '../../protocols/shortfall.ts'
import { toolsAfter } from '../../protocols/tool-changes.ts'
import { attachedKey } from './changed-tools.ts'
import { driversOf } from './roster.ts'
import type { RunContext } from './run-context.ts'
import { Stopped } from './stopped.ts'

/** Shortfalls that one member names before its answer: none takes the room of the others. */
const MAX_NAMED_EARLY = 64

interface EarlyMissingInit {
  /** The run does not go on. */
  onHopeless(why: Stopped): void
  /** A member that may be waited for has been excluded. */
  onExcluded(): void
  /** Whether the workload runs: in every other phase a member that is out says so itself. */
  isWorking(): boolean
}

export class EarlyMissing {
  readonly #run: RunContext
  readonly #init: EarlyMissingInit
  /** Shortfalls that each member has named. */
  readonly #named = new Map<string, number>()

  constructor(run: RunContext, init: EarlyMissingInit) {
    this.#run = run
    this.#init = init
  }

  onMissing(peer: string, { ends, ...missing }: Missing): void {
    const member = this.#run.active.get(peer)
    const before = this.#named.get(peer) ?? 0
    if (member == null || this.#run.record.state === 'ended' || before >= MAX_NAMED_EARLY) return
    if (!this.#run.lack({ ...missing, member })) return
    this.#named.set(peer, before + 1)
    const why = endOf(this.#run, peer, { ...missing, ends })
    if (why != null) this.#init.onHopeless(why)
    else if (ends === 'member' && this.#init.isWorking() && isPolicy(this.#run, peer, { ...missing, ends }))
      this.#exclude(peer, member, missing)
  }

  #exclude(peer: string, name: string, { what, reason }: Pick<Missing, 'what' | 'reason'>): void {
    const { needed, order, parts, candidates, everyone, active } = this.#run
    const because = cutText(`${what}: ${reason}`)
    this.#run.exclude({ peer, name, phase: 'work', code: 'tool-failed', reason: because })
    const runsCommand = peer === parts.signer.peer && order.spec.command != null
    if (active.size > needed && !runsCommand) return this.#init.onExcluded()
    // a controller that only drives is no member
    const drivers = driversOf(candidates).length
    const rest = `${needed - drivers} of ${everyone.size - drivers} members are needed`
    this.#init.onHopeless(new Stopped('quorum', `${name}: ${because}; ${runsCommand ? 'it runs the command' : rest}`))
  }
}

/** @returns why the run ends because of what a member lacks; nothing where its policy says so of no such tool */
export function endOf(run: RunContext, peer: string, missing: Missing): Stopped | undefined {
  if (missing.ends !== 'run' || !isPolicy(run, peer, missing)) return undefined
  const { kind, what, reason } = missing
  const text = describeShortfall({ kind, what, reason, member: run.nameOf(peer) })
  return new Stopped('failed', `${text}; that fails the run`)
}

/** A member is believed what happened on it, and not what follows from that. */
function isPolicy(run: RunContext, peer: string, { kind, what, ends }: Missing): boolean {
  const { order, record, tools: changes, attachedEnds } = run
  const { policy } = order.spec
  const entry = record.roster.find(each => each.peer === peer)
  if (kind !== 'tool' || entry == null) return false
  const { attached } = toolsAfter([], entry.rank, changes)
  const judged = [
    ...entry.tools.map((each, i) => ({ ...each, onEnd: entry.capabilities.tools[i]?.onEnd })),
    ...attached.map(each => ({ ...each, onEnd: attachedEnds.get(attachedKey(peer, each)) }))
  ]
  return judged.some(
    ({ tool, options, onEnd }) =>
      tool === what && ENDS[onEndOf(forRank(options, entry.rank), policy, { onEnd })] === ends
  )
}
