/** Collectors: programs on the controller that ask tools of the members, from before `init` until all have answered `end`. */
import { collectorFolder } from '../../../protocols/layout.ts'
import { toolsAfter } from '../../../protocols/tool-changes.ts'
import type { CollectedRun } from '../../collectors/collected-run.ts'
import { collectorOf } from '../../collectors/collector.ts'
import {
  type CollectedMember,
  missingCollectors,
  neededCollectors,
  RunCollectors
} from '../../collectors/run-collectors.ts'
import { now } from '../../now.ts'
import { within } from '../../wait.ts'
import type { RunContext } from '../run-context.ts'
import type { RunHook } from './hook.ts'

/** @returns the hook of one run */
export function collectors(): RunHook {
  let running: RunCollectors | undefined
  /** Tools have been asked once. */
  let isKnown = false
  /** When all had answered the last `stop`. */
  let stopped: number | undefined
  const begin = (run: RunContext) => {
    const begun = collectorsOf(run)
    run.onExcluded.add(() => void begun.update())
    return begun
  }
  return {
    name: 'collectors',
    async before({ phase }, run) {
      const { record } = run
      if (phase === 'stage') {
        const missing = await missingCollectors(neededCollectors(record.roster), record.controller.name)
        for (const each of missing) run.lack(each)
      }
      // a tool may be attached before each sample
      if (phase === 'init' || phase === 'start') {
        if (neededCollectors(membersOf(run)).length > 0) running ??= begin(run)
        if (running != null) await unlessCancelled(running.update(), run)
      }
      if (phase === 'start' && !isKnown) {
        isKnown = true
        await running?.awaitFirst(run.cancelled)
      }
      if (phase === 'end' && stopped != null) await running?.awaitLast(stopped, run.cancelled)
    },
    async after({ phase }, run) {
      if (phase === 'stop') stopped = now()
      if (phase !== 'end' || running == null) return
      await running.stop()
      await run.parts.collectedSeries?.(collectedRun(run), run.parts.signal)
    },
    async close() {
      await running?.stop()
    }
  }
}

/** @throws the reason of the run's end as it is: in other words it would be a mistake of this program */
async function unlessCancelled(work: Promise<void>, { cancelled }: RunContext): Promise<void> {
  try {
    await within(work, cancelled)
  } catch (cause) {
    cancelled.throwIfAborted()
    throw cause
  }
}

function collectorsOf(run: RunContext): RunCollectors {
  const { id, order, record, folder, parts } = run
  return new RunCollectors({
    run: id,
    controller: record.controller.name,
    interval: order.spec.interval,
    members: () => membersOf(run),
    folder: (collector, member) => folder.path(collectorFolder(collector), ...(member == null ? [] : [member])),
    to: peer => parts.streams.to(peer),
    supervisor: parts.supervisor,
    lack: shortfall => void run.lack(shortfall)
  })
}

function collectedRun(run: RunContext): CollectedRun {
  const { id, record, folder, order } = run
  const clocks = new Map(record.roster.map(({ name, capabilities }) => [name, capabilities.clock]))
  const members = membersOf(run).map(each => ({ ...each, clock: clocks.get(each.name) ?? { offset: 0, bound: 0 } }))
  return { run: id, folder: folder.root, began: record.created, interval: order.spec.interval, members }
}

/** @returns those who take part and have tools that wait to be asked: of the offer, as far as they can run them, or attached since */
function membersOf({ record, active, parts, tools: changes }: RunContext): CollectedMember[] {
  return record.roster
    .filter(({ peer }) => active.has(peer))
    .flatMap(({ peer, name, rank, tools: offered, capabilities }) => {
      const usable = offered.filter((_, i) => capabilities.tools[i]?.usable)
      const { kept, attached } = toolsAfter(usable, rank, changes)
      const tools = [...kept, ...attached].filter(each => collectorOf(each) != null)
      return tools.length === 0 ? [] : [{ peer, name, labels: parts.members.get(peer)?.labels ?? {}, tools }]
    })
}
