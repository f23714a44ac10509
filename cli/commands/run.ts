/** `bak run`: starts a run and follows it, or prints its plan. */
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { callDaemon } from '../../protocols/control-http.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { type RunFile, readRunFile, withGroups } from '../../protocols/run-file.ts'
import { checkEnvironment } from '../../protocols/utf8.ts'
import { beginAndFollow, beginOnly } from '../begin-run.ts'
import { addExamples, addFlag, type Context, callerEnv, setAction } from '../command.ts'
import { addTokenFlag, tokenOf } from '../dataset-flags.ts'
import { effectiveSpec } from '../effective-spec.ts'
import { currentFolder, refuseCommandAsFile, refuseShellLine } from '../first-mistakes.ts'
import { addFollowFlags, type FollowFlags } from '../follow-flags.ts'
import { textOfRunFile } from '../given-run-file.ts'
import { checkFetch } from '../jobs/fetch-outputs.ts'
import { printPlan } from '../plan.ts'
import { checkReport } from '../report-at-end.ts'
import { type RunFileText, withLines } from '../run-file-lines.ts'
import { slurmGroups } from '../slurm-group.ts'
import { addSpecFlags, type SpecFlags } from '../spec-flags.ts'
import { anchoredIn } from '../staged-paths.ts'
import { describeItems } from '../sysinfo-items.ts'

export interface RunOptions extends SpecFlags, FollowFlags {
  key?: string
  detach?: boolean
  dryRun?: boolean
  tokenFile?: string
}

export function define(command: Command): void {
  command.usage('[FILE.toml] [options] -- COMMAND').argument('[file]', 'a run file').allowExcessArguments()
  addRunFlags(command)
  addExamples(command, {
    'bak run -- ./bench.sh --size 4k': 'on all members, with the tools that are registered',
    'bak run --on role=db --tools sar,iostat --samples 3 -- fio job.fio': 'on the members with a label, three samples',
    'bak run --on role=load --workload -- ./bench.sh': 'on each of these members, and not on this machine',
    'bak run --tool "net=tcpdump -i eth0 -w net.pcap" -- ./bench.sh':
      'a tool of your own, with the files that it writes',
    'bak run --stage bench.sh --stage data/ -- ./collect.sh': 'with files that every member gets before',
    'bak run --interleave --samples 6 --param depth=1,8 -- ./bench.sh':
      'samples of two settings in turn, for bak compare',
    'bak run smoke.toml --quorum 80%': 'a run file; flags win over it',
    'bak run smoke.toml --dry-run': 'members, tools and phases',
    'bak run smoke.toml --report': 'with a page that tells the run, in the folder of its result',
    'bak run --json smoke.toml | jq .type': 'the events'
  })
  const { outputError } = command.configureOutput()
  command.configureOutput({
    outputError: (text, write) =>
      outputError?.(
        text.replace(/unknown option '[^']*'/, said => `${said}; options of a command come after --`),
        write
      )
  })
  setAction(command, startRun, true)
}

/** The flags of `bak run`. */
export function addRunFlags(command: Command): void {
  addSpecFlags(command)
  addFlag(command, '--key <key>', 'names the run: a second call with the same key starts no second run')
  addFlag(command, '--detach', 'print the run id and do not follow the run')
  addFlag(command, '--dry-run', 'print the plan and start nothing')
  addTokenFlag(command)
  addFollowFlags(command)
}

/** @returns the exit status */
export async function startRun(context: Context, options: RunOptions, ...words: string[]): Promise<number> {
  if (options.sysinfo === 'list') {
    await context.printLines(describeItems())
    return 0
  }
  const { keys, source } = readFile(words, context.rest)
  try {
    const folder = resolve(currentFolder(), dirname(words[0] ?? '.'))
    return await plan(context, options, anchoredIn(keys, folder))
  } catch (cause) {
    throw withLines(cause, source)
  }
}

async function plan(context: Context, options: RunOptions, keys: RunFile): Promise<number> {
  const { given, configured } = context.bySource<RunOptions>()
  const directory = currentFolder()
  const spec = effectiveSpec(keys, anchoredIn(given, directory), context.rest, anchoredIn(configured, directory))
  if (options.interleave && spec.iterations.length < 2)
    throw new BakError(
      'usage',
      '--interleave is for samples of several iterations, and there is one: --iteration, --param'
    )
  // a text in a run file is a line of the shell
  if (Array.isArray(spec.command)) refuseShellLine(spec.command, directory)
  checkEnvironment(callerEnv, directory)
  if (options.detach && options.junit != null)
    throw new BakError('usage', '--junit is written when the run has ended: bak attach RUN --junit FILE')
  const token = options.tokenFile == null ? undefined : await tokenOf(options)
  const caller = { directory, env: callerEnv, ...(token != null && { token }) }
  if (options.dryRun) return printPlan(context, await context.ask('plan', { spec, ...caller }), spec)
  checkReport(options)
  checkFetch(options)
  const request = { spec, ...caller, key: options.key }
  const begin = (signal?: { signal: AbortSignal }) => callDaemon(context.socket, 'run', request, signal)
  return options.detach ? beginOnly(context, begin) : beginAndFollow(context, options, begin)
}

/** @throws {BakError} `usage` for a command where a run file is expected, `bad-run-file` */
function readFile(words: string[], rest: string[] | undefined): { keys: RunFile; source?: RunFileText } {
  if (rest != null && rest.length === 0) throw new BakError('usage', 'a command is missing after --')
  const [file] = words
  if (file == null) return { keys: withGroups({}, slurmGroups()) }
  refuseCommandAsFile(words)
  const text = textOfRunFile(file)
  try {
    return { keys: readRunFile(text, file, slurmGroups()), source: { file, text } }
  } catch (cause) {
    if (file.endsWith('.toml')) throw cause
    const { code, message } = asBakError(cause)
    throw new BakError(code, `${message}\nif ${file} is a command: bak run -- ${file}`, { cause })
  }
}
