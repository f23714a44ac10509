/** The phase `work`: on the controller the command of its caller, on any member the workloads that are placed on it. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BakError } from '../../../protocols/errors.ts'
import { instanceFolder, workloadFolder } from '../../../protocols/layout.ts'
import type { Part, Step } from '../../../protocols/phase.ts'
import type { Iteration } from '../../../protocols/spec.ts'
import { now } from '../../now.ts'
import { tellEnd } from '../../work/calls/open-calls.ts'
import { runCommand } from '../../work/command/run-command.ts'
import { peersFileOf, serversOf } from '../../work/contract.ts'
import { sizeOfWorkload } from '../../work/workloads/assign.ts'
import { interruptedResults, MemberWork } from '../../work/workloads/member-work.ts'
import { callsOf } from '../calls-of.ts'
import { placeStaged } from '../staging.ts'
import type { PhaseContext, PhaseHandler } from './phase.ts'

export const work: PhaseHandler = context => {
  const { part } = context.command
  return part == null ? runLone(context) : runPart(part, context)
}

/** With the folder and environment of the caller on this machine. */
async function runLone({ command, member, parts, call, signal }: PhaseContext) {
  const context = parts.workloadOf(member.run)
  if (context == null) throw new BakError('not-allowed', 'no workload was assigned to this member')
  const { run, self: peer, offer, roster } = member
  const step = command.step as Step
  const peers = join(member.folder, 'peers.json')
  const hostsOf = parts.hosts()
  await writeFile(peers, peersFileOf({ run, self: peer, roster }, hostsOf))
  member.programs ??= parts.owner.programsOf(member)
  const lone = {
    enter: member.programs.enterTyped(),
    ...{ run, peer, step, spec: offer.spec, peers, callsFolder: join(member.folder, 'calls') },
    servers: serversOf(offer.spec, roster, hostsOf),
    rank: roster.find(entry => entry.peer === peer)?.rank ?? 0,
    size: roster.length,
    folder: join(member.data, workloadFolder(step, member.name))
  }
  const { supervisor } = parts
  return runCommand(lone, context, { supervisor, calls: callsOf(member, parts, call), signal })
}

async function runPart(part: Part, context: PhaseContext) {
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
