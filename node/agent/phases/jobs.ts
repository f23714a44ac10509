/** The phase `work` of jobs: this member takes what the controller offers it on a stream, until it says that the graph is over. */
import { join } from 'node:path'
import { graphOf } from '../../../protocols/jobs/graph-at.ts'
import { variablesOf } from '../../../protocols/jobs/job-variables.ts'
import { graphKey } from '../../../protocols/layout.ts'
import type { Ack } from '../../../protocols/phase.ts'
import { now } from '../../now.ts'
import type { Programs } from '../../processes/programs.ts'
import { onAbort } from '../../wait.ts'
import type { GraphHostInit } from '../../work/jobs/host-init.ts'
import { judgeOf } from '../allow/jobs-here.ts'
import { ownerOf } from '../staging.ts'
import type { PhaseContext } from './phase.ts'
import { leftInWords } from './stop.ts'

/** Nothing of the graph runs here any more when this ends. @throws the reason of the signal */
export async function hostJobs(context: PhaseContext): Promise<Pick<Ack, 'jobs' | 'warnings'>> {
  const { member, parts, signal } = context
  const programs = programsFor(context)
  const init = hostInit(context, programs)
  const host = parts.jobs.open(init)
  const aborted = Promise.withResolvers<void>()
  const release = onAbort(signal, aborted.resolve)
  await Promise.race([host.over, aborted.promise])
  release()
  const jobs = await host.end(signal.aborted ? (signal.reason as Error).message : 'the graph is over')
  parts.jobs.close(init)
  const left = programs === member.programs ? [] : await programs.end()
  signal.throwIfAborted()
  return { jobs, warnings: leftInWords(left) }
}

/** Those of a sample end with it, as its tools do; before and behind the samples nothing else of the run is started. */
function programsFor({ command, member, parts }: PhaseContext): Programs {
  if (command.step == null) return parts.owner.programsOf(member)
  member.programs ??= parts.owner.programsOf(member)
  return member.programs
}

function hostInit({ command, member, parts }: PhaseContext, programs: Programs): GraphHostInit {
  const { run, self, controller, offer } = member
  const { spec } = offer
  const graph = graphOf(command)
  const { step } = graph
  const iteration = step == null ? undefined : spec.iterations[step.number - 1]
  const sample: Record<string, string> =
    step == null ? {} : { BAK_ITERATION: step.name, BAK_SAMPLE: String(step.sample) }
  const judge = judgeOf(parts.owner, member.offer)
  return {
    ...{ run, graph, controller, self, programs },
    jobs: spec.job.filter(({ role }) => role === graph.role),
    variablesOf: job => variablesOf(job, spec, iteration),
    told: { BAK_RUN: run, BAK_PEER: self, ...sample },
    folder: join(member.folder, 'jobs', graphKey(graph)),
    lostTimeoutMs: spec.policy.lost_timeout * 1000,
    owner: ownerOf(run),
    judge: async (job, inputs) => {
      parts.owner.checkRoom(controller, inputs)
      return await judge(job)
    },
    now: () => now() - member.clock.offset
  }
}
