/** Answers the calls of workloads, from the first phase `work` to the end of the run: barriers, topics, keys, periods. */
import { COMMAND } from '../../../protocols/calls.ts'
import type { RosterEntry } from '../../../protocols/manifest.ts'
import { Collectives } from '../collectives/collectives.ts'
import { type Instance, nameOf } from '../collectives/instances.ts'
import type { RunContext } from '../run-context.ts'
import type { RunHook } from './hook.ts'

/** @returns the hook of one run */
export function workloadCalls(): RunHook {
  let collectives: Collectives | undefined
  const open = (run: RunContext): Collectives => {
    const { id, events, parts } = run
    let known: { of: unknown; without: number; instances: Instance[] } | undefined
    const opened = new Collectives({
      instances() {
        const [of, without] = [run.record.roster, run.excluded.size]
        if (known?.of !== of || known.without !== without) known = { of, without, instances: instancesIn(run) }
        return known.instances
      },
      remark: ({ peer }) => (run.isHere(peer) ? '' : ' (cannot be reached)'),
      deliver: (peer, message) => parts.runStreams.deliver(id, peer, message),
      onPeriod: (by, step, { name, edge, when, bound }) =>
        events.store({ type: 'period', step, by: nameOf(by), name, edge, when, bound })
    })
    parts.runStreams.serveCalls(id, (peer, message) => opened.receive(peer, message))
    run.onExcluded.add(peer => opened.exclude(peer))
    return opened
  }
  return {
    name: 'workload-calls',
    before({ phase, step }, run) {
      if (phase !== 'work' || step == null) return
      collectives ??= open(run)
      collectives.begin(step)
    },
    async close() {
      collectives?.close('the run is over')
    }
  }
}

/** @returns those of the members that still take part */
function instancesIn({ active, parts, record, order }: RunContext): Instance[] {
  const { peer } = parts.signer
  const lone: Instance[] =
    order.spec.command == null
      ? []
      : [
          {
            peer,
            member: active.get(peer) ?? record.controller.name,
            workload: COMMAND,
            instance: 1,
            of: 1,
            groups: []
          }
        ]
  return [...lone, ...record.roster.filter(entry => active.has(entry.peer)).flatMap(placedOn)]
}

function placedOn({ peer, name: member, groups = [], workloads = [] }: RosterEntry): Instance[] {
  return workloads.flatMap(({ name: workload, instances: of }) =>
    Array.from({ length: of }, (_, i) => ({ peer, member, workload, instance: i + 1, of, groups }))
  )
}
