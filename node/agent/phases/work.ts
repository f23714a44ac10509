/** The phase `work`: on the controller the command of its caller, on any member the workloads that are placed on it, or its clients of tasks. */
import { join } from 'node:path'
import { instanceFolder } from '../../../protocols/layout.ts'
import type { Step } from '../../../protocols/phase.ts'
import type { Iteration } from '../../../protocols/spec.ts'
import { now } from '../../now.ts'
import { tellEnd } from '../../work/calls/open-calls.ts'
import { peersFileOf, serversOf } from '../../work/contract.ts'
import { sizeOfWorkload } from '../../work/workloads/assign.ts'
import { interruptedResults, MemberWork } from '../../work/workloads/member-work.ts'
import { callsOf } from '../calls-of.ts'
import { placeStaged } from '../staging.ts'
import type { LoadPart } from './load.ts'
import { runCommandOf } from './lone-command.ts'
import type { PhaseContext, PhaseHandler } from './phase.ts'

export const work: PhaseHandler = context => {
  const { part } = context.command
  if (part == null) return runCommandOf(context)
  if (part === 'jobs') return hostJobsOf(context)
  return part === 'servers' || part === 'clients' ? runPart(part, context) : runLoadPart(part, context)
}

/** As it is with tasks. */
async function hostJobsOf(context: PhaseContext) {
  const { hostJobs } = await import('./jobs.ts')
  return await hostJobs(context)
}

/** Most runs have no tasks, and a daemon that is idle does not load what drives them. */
async function runLoadPart(part: LoadPart, context: PhaseContext) {
  const { doLoadPart } = await import('./load.ts')
  return await doLoadPart(part, context)
}

async function runPart(part: 'servers' | 'clients', context: PhaseContext) {
  const { command, member, call: ask, signal } = context
  if (member.interrupted) {
    const workloads = interruptedResults(member.offer.spec, member.workloads, [
      part === 'servers' ? 'server' : 'client'
    ])
    for (const { workload, instance } of workloads) tellEnd({ ask }, { step: command.step as Step, workload, instance })
    return { workloads }
  }
  member.work ??= workOf(context)
  return { workloads: await (part === 'servers' ? member.work.serve(signal) : member.work.run(signal)) }
}

/** What runs was judged in the offer; ranks are those of the members that joined. */
function workOf({ command, member, parts, call, report }: PhaseContext): MemberWork {
  const { run, self: peer, name, data, folder, roster, workloads = [] } = member
  const { spec } = member.offer
  const step = command.step as Step
  const hostsOf = parts.hosts()
  const ranks = new Map(roster.find(entry => entry.peer === peer)?.workloads?.map(each => [each.name, each.rank]))
  member.programs ??= parts.owner.programsOf(member)
  return new MemberWork({
    spec,
    placements: workloads.map(each => ({ ...each, rank: ranks.get(each.name) ?? each.rank })),
    sizeOf: workload => sizeOfWorkload(workload, roster),
    sample: {
      ...{ run, peer, step, iteration: spec.iterations[step.number - 1] as Iteration, programs: member.programs },
      peersFile: peersFileOf({ run, self: peer, roster }, hostsOf),
      servers: serversOf(spec, roster, hostsOf),
      isFree: parts.owner.isFree,
      calls: callsOf(member, parts, call),
      place: (workload, { cwd, owner }) => placeStaged(member, parts.swarms.store, { workload, cwd, ...owner }),
      now: () => now() - member.clock.offset,
      tell: report
    },
    folderOf: (workload, instance) => join(data, instanceFolder(step, name, workload, instance)),
    working: join(folder, 'working')
  })
}
