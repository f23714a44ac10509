/** Collectors: programs on the controller that ask tools of the members, from before `init` until all have answered `end`. */
import { collectorFolder } from '../../../protocols/layout.ts'
import { missingCollectors, neededCollectors, RunCollectors } from '../../collectors/run-collectors.ts'
import { now } from '../../now.ts'
import type { RunContext } from '../run-context.ts'
import type { RunHook } from './hook.ts'

/** @returns the hook of one run */
export function collectors(): RunHook {
  let running: RunCollectors | undefined
  /** Tools have been asked once. */
  let isKnown = false
  /** When all had answered the last `stop`. */
  let stopped: number | undefined
  return {
    name: 'collectors',
    async before({ phase }, run) {
      const { record } = run
      if (phase === 'stage') {
        const missing = await missingCollectors(neededCollectors(record.roster), record.controller.name)
        for (const each of missing) run.lack(each)
      }
      if (phase === 'init' && neededCollectors(record.roster).length > 0) {
        running = collectorsOf(run)
        run.onExcluded.add(peer => running?.exclude(peer))
        await running.start()
      }
      if (phase === 'start' && !isKnown) {
        isKnown = true
        await running?.awaitFirst(run.cancelled)
      }
      if (phase === 'end' && stopped != null) await running?.awaitLast(stopped, run.cancelled)
    },
    async after({ phase }) {
      if (phase === 'stop') stopped = now()
      if (phase === 'end') await running?.stop()
    },
    async close() {
      await running?.stop()
    }
  }
}

function collectorsOf(run: RunContext): RunCollectors {
  const { id, order, record, folder, parts, active } = run
  const { members, streams, supervisor } = parts
  const present = record.roster.filter(({ peer }) => active.has(peer))
  return new RunCollectors({
    run: id,
    controller: record.controller.name,
    interval: order.spec.interval,
    members: present.map(({ peer, name, tools, capabilities }) => {
      const labels = members.get(peer)?.labels ?? {}
      return { peer, name, labels, tools, usable: capabilities.tools }
    }),
    folder: (collector, member) => folder.path(collectorFolder(collector), ...(member == null ? [] : [member])),
    to: peer => streams.to(peer),
    supervisor,
    lack: shortfall => void run.lack(shortfall)
  })
}
