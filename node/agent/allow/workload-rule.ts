/** Whether the workloads of a run may run here: each of their command lines, their folders and their variables. Pure but for links on the disk. */
import { type Brought, broughtInWords } from '../../work/workloads/brought.ts'
import { pathsIn } from './path-words.ts'
import { type Disk, isAllowedPath, type Patterns, refuseProgram, shortened } from './program-rule.ts'

interface ProgramRules {
  exec: Patterns
  paths: Patterns
}

type ProgramRefusal = Awaited<ReturnType<typeof refuseProgram>>

/** Command lines of one run that are judged one by one. */
const MAX_JUDGED = 4_096

/** @returns the first rule that forbids one of them, as far as `exec` and `paths` decide */
export async function refuseBrought(rules: ProgramRules, brought: Brought[], disk: Disk): Promise<ProgramRefusal> {
  const isFree = rules.exec === true && rules.paths === true
  const lines = brought.reduce((sum, { commands }) => sum + commands.length, 0)
  if (!isFree && lines > MAX_JUDGED)
    return { rule: 'exec', why: `lets a run bring ${MAX_JUDGED} different command lines, and this one has ${lines}` }
  for (const each of brought) {
    const refused = await refuseOne(rules, each, disk)
    if (refused != null) return refused
  }
  return undefined
}

async function refuseOne(
  rules: ProgramRules,
  { commands, ready, directory, env, ...brought }: Brought,
  disk: Disk
): Promise<ProgramRefusal> {
  const who = broughtInWords(brought)
  for (const argv of commands) {
    const refused = await refuseProgram(rules, argv, `the command of ${who}`, disk)
    if (refused != null) return refused
  }
  const probe = ready && (await refuseProgram(rules, ready, `the ready command of ${who}`, disk))
  if (probe != null) return probe
  const variables = Object.keys(env)
  // LD_PRELOAD and its like make any program another one, and no list of them is whole
  if (Array.isArray(rules.exec) && variables.length > 0)
    return {
      rule: 'exec',
      why: `names programs, and ${who} sets ${variables.slice(0, 3).join(', ')}, by which a program may do anything: it must be true`
    }
  const paths = [...(directory == null ? [] : [directory]), ...Object.values(env).flatMap(pathsIn)]
  for (const path of paths) {
    if (await isAllowedPath(rules.paths, path, disk)) continue
    const what = path === directory ? 'the directory' : 'a variable'
    return { rule: 'paths', why: `has no folder with ${shortened(path)}, ${what} of ${who}` }
  }
  return undefined
}
