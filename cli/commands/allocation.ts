/** `bak allocation`: the schedule of the tasks of a run file, what each client does, and which member has it. */
import type { Command } from 'commander'
import { BakError } from '../../protocols/errors.ts'
import type { Spec } from '../../protocols/spec.ts'
import { allocationOf } from '../../protocols/tasks/allocation.ts'
import { type Host, loadersOf, loadPlanOf } from '../../protocols/tasks/workers.ts'
import { addExamples, addFlag, type Context, callerEnv, setAction } from '../command.ts'
import { currentFolder } from '../first-mistakes.ts'
import { specOfRunFile } from '../given-run-file.ts'
import { type RunFileText, withLines } from '../run-file-lines.ts'
import { parseNumber } from '../spec-flags.ts'
import { drawSchedule } from '../views/schedule-table.ts'

interface Options {
  members?: number
  cores?: number
  iteration?: string
}

export function define(command: Command): void {
  command.argument('<file>', 'a run file with tasks')
  addFlag(command, '--members <n>', 'for so many members, called 1 to n (those of the mesh)', parseNumber)
  addFlag(command, '--cores <n>', 'with --members: worker threads that each can have (1)', parseNumber)
  addFlag(command, '--iteration <name>', 'with the parameters of this iteration (the first one)')
  addExamples(command, {
    'bak allocation load.toml': 'on the members that are here now',
    'bak allocation load.toml --members 4 --cores 8': 'without a daemon'
  })
  setAction(command, act)
}

async function act(context: Context, options: Options, file: string): Promise<void> {
  const { spec, source } = specOfRunFile(file)
  if (spec.task.length === 0) throw new BakError('usage', `${file} has no [[task]]: there is nothing to allocate`)
  const { name, params } = iterationIn(spec, options.iteration)
  const { members, cores } = options
  if (members == null && cores != null) throw new BakError('usage', '--cores is of --members: give their number, too')
  const hosts = members == null ? await hostsNow(context, spec, source) : hostsLike(spec, members, cores)
  const plan = loadPlanOf(spec, hosts, params)
  if (context.json) {
    await context.print(JSON.stringify({ iteration: name, ...plan, ...allocationOf(plan.elements) }))
    return
  }
  await context.printLines(drawSchedule(plan))
  if (hosts.length === 0) await context.printLines('\nno member that is here can have clients')
  if (spec.iterations.length > 1)
    await context.printLines(
      `\nof iteration ${name}, one of ${spec.iterations.length}: --iteration NAME is for another one`
    )
}

function iterationIn({ iterations }: Spec, name?: string): Spec['iterations'][number] {
  const found = name == null ? iterations[0] : iterations.find(each => each.name === name)
  if (found != null) return found
  throw new BakError(
    'usage',
    `there is no iteration ${name}: there are ${iterations.map(each => each.name).join(', ')}`
  )
}

/** @returns the members that a run would have that began now */
async function hostsNow(context: Context, spec: Spec, source: RunFileText): Promise<Host[]> {
  try {
    const { loaders = [] } = await context.ask('plan', { spec, directory: currentFolder(), env: callerEnv })
    return loaders
  } catch (cause) {
    throw withLines(cause, source)
  }
}

function hostsLike(spec: Spec, members: number, cores = 1): Host[] {
  if (!Number.isInteger(members) || members < 1 || members > MAX_MEMBERS)
    throw new BakError('usage', `--members is a whole number from 1 to ${MAX_MEMBERS}`)
  if (!Number.isInteger(cores) || cores < 1 || cores > MAX_CORES)
    throw new BakError('usage', `--cores is a whole number from 1 to ${MAX_CORES}`)
  const roster = Array.from({ length: members }, (_, load) => ({
    name: String(load + 1),
    load,
    capabilities: { cores }
  }))
  return loadersOf(spec, roster)
}
const MAX_MEMBERS = 10_000
const MAX_CORES = 1_024
