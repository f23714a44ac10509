/** `bak job deps`: what a job needs, itself and through others, or what needs it. */
import type { Command } from 'commander'
import { BakError } from '../../../protocols/errors.ts'
import { reachable } from '../../../protocols/jobs/graph.ts'
import { nameNear } from '../../../protocols/jobs/name-near.ts'
import { addExamples, addFlag, type Context, setAction } from '../../command.ts'
import { addEnvFlag, jobsOfFile } from './jobs-of-file.ts'

interface Options {
  env?: Record<string, string>
  reverse?: boolean
}

export function defineDeps(command: Command): void {
  command.argument('<name>', 'the job').argument('<file>', 'a run file with jobs')
  addFlag(command, '--reverse', 'what needs it')
  addEnvFlag(command)
  addExamples(command, {
    'bak job deps app build.toml': 'a line each, before those that need it',
    'bak job deps --reverse lib build.toml': 'what would run again if its outputs changed'
  })
  setAction(command, act)
}

async function act({ json, print }: Context, { reverse = false, env }: Options, name = '', file = ''): Promise<void> {
  const { graph, leftOut, all } = jobsOfFile(file, env)
  const why = leftOut.find(({ job }) => job === name)?.why
  if (why != null) throw new BakError('usage', `${name} is left out: ${why}`)
  const known = all.map(each => each.name)
  if (!known.includes(name)) throw new BakError('usage', nameNear('job', known)(name))
  const edges = reverse ? graph.dependents : graph.needs
  for (const job of reachable(graph, edges, name)) {
    const direct = edges.get(name)?.includes(job) ?? false
    await print(json ? JSON.stringify({ job, direct }) : job)
  }
}
