/**
 * Attaches tools to a run that goes on, and detaches them, from its next sample on: finds whom that is for, asks the rules of their owners, and
 * keeps what all changes came to, which the next `start` carries.
 */
import type { ChangedTool, ToolChange, ToolChanged } from '../../protocols/changed-tools.ts'
import { MAX_CHANGES } from '../../protocols/changed-tools.ts'
import { checkToolsProtocol, type ToolsChecked } from '../../protocols/check-tools.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { cutText } from '../../protocols/fields.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import type { Assignment, RosterEntry } from '../../protocols/manifest.ts'
import { plannedSamples } from '../../protocols/matrix/due-samples.ts'
import { forMember, forRank } from '../../protocols/overridden.ts'
import type { Step } from '../../protocols/phase.ts'
import { optionsOf } from '../../protocols/spec.ts'
import { askOne } from '../../protocols/stream.ts'
import {
  isSameTool,
  keyOfTool,
  noChanges,
  type ToolChanges,
  type ToolKey,
  toolsAfter
} from '../../protocols/tool-changes.ts'
import type { ToolOptions } from '../../protocols/tool-options.ts'
import { triggerOf } from '../../protocols/triggered.ts'
import { inParallel } from '../in-parallel.ts'
import { InTurn } from '../in-turn.ts'
import { bounded, withAttached, withDetached } from './merge-changes.ts'
import { isSameStep } from './plan.ts'
import type { RunContext } from './run-context.ts'
import { parseSelector } from './selector.ts'

/** Members that are asked at the same time. */
const CONCURRENCY = 32
/** Names that an error has. */
const MAX_NAMED = 8

type Refused = ChangedTool['refused'][number]

export class ChangedTools {
  readonly #run: RunContext
  readonly #turn = new InTurn()
  /** The sample that began last. */
  #step: Step | undefined

  constructor(run: RunContext) {
    this.#run = run
  }

  /** A sample begins, or a window of a trigger for these groups: what was changed until now holds in it. */
  begins(step: Step | undefined, groups?: string[]): void {
    if (groups == null) this.#step = step
    for (const each of this.#run.record.tools ?? []) {
      const isMeant = groups?.includes(each.group) ?? triggerOf(this.#run.order.spec, each.group) == null
      if (isMeant) each.since ??= step
    }
  }

  /** No sample follows any more: tools that were attached and never started are missing. */
  end(): void {
    for (const { change, since, tool, members } of this.#run.record.tools ?? []) {
      if (change === 'detach' || since != null) continue
      for (const member of members)
        this.#run.lack({ kind: 'tool', member, what: tool, reason: 'it was attached, and no sample followed' })
    }
  }

  /** @throws {BakError} `state`, `usage`, `tool-unavailable`, `not-allowed`: nothing has changed then */
  change(asked: ToolChange, by: string, signal: AbortSignal): Promise<ToolChanged> {
    return this.#turn.run(async () => {
      const { tool, group, change, on } = asked
      const meant = this.#meant(on, group)
      const isAttached = change === 'attach'
      const options = isAttached ? this.#optionsOf(asked) : {}
      const { members, refused } = isAttached
        ? await this.#attachable({ group, tool, options }, meant, signal)
        : this.#detachable({ group, tool }, meant)
      // the run went on meanwhile
      this.#checkOpen(group)
      const before = this.#run.tools ?? noChanges
      const assigned = { group, tool, options }
      this.#run.tools = bounded(
        isAttached ? this.#attached(before, assigned, members) : withDetached(before, assigned, members)
      )
      const names = members.map(({ name }) => name)
      this.#note({ change, group, tool, by, members: names, refused, ...(isAttached ? { options } : {}) })
      return { members: names, refused }
    })
  }

  /** Those of the run, with the words of who asks in the place of its words. */
  #optionsOf({ tool, options }: ToolChange): ToolOptions {
    return { ...optionsOf(this.#run.order.spec, tool), ...(options.length > 0 ? { options } : {}) }
  }

  /** Members may get other options. */
  #attached(before: ToolChanges, assignment: Assignment, members: RosterEntry[]): ToolChanges {
    const alike = Map.groupBy(members, each => JSON.stringify(this.#assigned(assignment, each)))
    return [...alike].reduce((state, [assigned, all]) => withAttached(state, JSON.parse(assigned), all), before)
  }

  /** @returns the tool with the options that this member gets */
  #assigned({ options, ...key }: Assignment, { peer, name, rank }: RosterEntry): Assignment {
    const view = this.#run.parts.members.get(peer) ?? { peer, name, labels: {} }
    return {
      ...key,
      options: forRank(
        forMember(options, on => parseSelector(on)(view)),
        rank
      )
    }
  }

  #note(changed: ChangedTool): void {
    const { record, events } = this.#run
    record.tools = [...(record.tools ?? []), { ...changed, at: Date.now() }]
    events.store({ type: 'tools-changed', ...changed })
  }

  /** @throws {BakError} `state` where no sample follows in which a change could hold */
  #checkOpen(group: string): void {
    const { record, id, cancelled, order } = this.#run
    const { spec, resumes } = order
    const refuse = (why: string) => new BakError('state', `${id} ${why}`)
    if (record.state === 'ended') throw refuse('has ended')
    if (cancelled.aborted || record.phase === 'end' || record.phase === 'terminate')
      throw refuse('is ending: no sample follows')
    if (record.manifest == null) throw refuse('waits for its members still: try again when it has begun')
    if ((record.tools?.length ?? 0) >= MAX_CHANGES) throw refuse(`has had ${MAX_CHANGES} changes of its tools`)
    const last = plannedSamples(spec, resumes?.taken).at(-1)
    // samples that fail, or vary too much, may be followed by others, as windows of a trigger and values of a search may
    const isTriggered = triggerOf(spec, group) != null
    const mayRepeat = spec.max_sample_failures != null || spec.max_stddev != null || spec.search != null || isTriggered
    if (!mayRepeat && isSameStep(this.#step, last))
      throw refuse('is in its last sample: tools change with the next one')
  }

  /** @throws {BakError} `usage` where a selector means no member that runs tools */
  #meant(on: string, group: string): RosterEntry[] {
    this.#checkOpen(group)
    const { record, active, parts } = this.#run
    const fits = parseSelector(on)
    const views = new Map(parts.members.list().map(each => [each.peer, each]))
    const here = record.roster.filter(({ peer, driver }) => active.has(peer) && driver !== true)
    const meant = here.filter(({ peer, name }) => fits(views.get(peer) ?? { peer, name, labels: {} }))
    if (meant.length > 0) return meant
    const names = here.map(({ name }) => name)
    throw new BakError('usage', `no member of the run fits "${on}": there are ${listInWords(names, MAX_NAMED)}`)
  }

  /** @returns the members that can run the tool and whose owners let it, and those that do not, with their reasons */
  async #attachable(assignment: Assignment, meant: RosterEntry[], signal: AbortSignal) {
    const { parts, attachedEnds } = this.#run
    const { streams } = parts
    const members: RosterEntry[] = []
    const refused: Refused[] = []
    await inParallel(meant, CONCURRENCY, async entry => {
      const why = this.#has(entry, assignment)
        ? 'it runs there already'
        : await askOne(
            streams.to(entry.peer),
            checkToolsProtocol,
            { tools: [this.#assigned(assignment, entry)] },
            { signal }
          ).then(
            checked => {
              const { onEnd } = checked.tools[0] ?? {}
              if (onEnd != null) attachedEnds.set(attachedKey(entry.peer, assignment), onEnd)
              return whyNot(checked)
            },
            cause => asBakError(cause).message
          )
      if (why == null) members.push(entry)
      else refused.push({ member: entry.name, reason: cutText(why) })
    })
    signal.throwIfAborted()
    const byRank = meant.filter(entry => members.includes(entry))
    if (byRank.length > 0) return { members: byRank, refused: inOrder(refused, meant) }
    throw new BakError(
      'tool-unavailable',
      `${assignment.tool} was attached nowhere: ${inWords(inOrder(refused, meant))}`
    )
  }

  #detachable(key: ToolKey, meant: RosterEntry[]): { members: RosterEntry[]; refused: Refused[] } {
    const members = meant.filter(entry => this.#has(entry, key))
    const refused = meant
      .filter(entry => !members.includes(entry))
      .map(({ name: member }) => ({ member, reason: 'it does not run there' }))
    if (members.length > 0) return { members, refused }
    const there = [
      ...new Set(
        meant.flatMap(entry => this.#toolsOf(entry).filter(({ group }) => group === key.group)).map(({ tool }) => tool)
      )
    ]
    const known = there.length === 0 ? 'none is in this group' : `there are ${listInWords(there, MAX_NAMED)}`
    throw new BakError('usage', `${key.tool} of group ${key.group} runs on none of these members; ${known}`)
  }

  #has = (entry: RosterEntry, key: ToolKey) => this.#toolsOf(entry).some(each => isSameTool(each, key))

  #toolsOf({ tools, rank }: RosterEntry): Assignment[] {
    const { kept, attached } = toolsAfter(tools, rank, this.#run.tools)
    return [...kept, ...attached]
  }
}

/** By which the run keeps what a tool that was attached to a member says of its end. */
export const attachedKey = (peer: string, key: ToolKey) => `${peer} ${keyOfTool(key)}`

function whyNot({ tools: [found], refused }: ToolsChecked): string | undefined {
  // the rules of the owner stand with the tool
  if (found?.usable) return refused
  return found?.reason ?? 'not usable'
}

const inOrder = (refused: Refused[], meant: RosterEntry[]) =>
  meant.flatMap(({ name }) => refused.filter(({ member }) => member === name))

const inWords = (refused: Refused[]) =>
  listInWords(
    refused.map(({ member, reason }) => `${member}: ${reason}`),
    MAX_NAMED
  )
