/** The flags of `bak run` that are keys of a run file. */
import { type Command, InvalidArgumentError } from 'commander'
import { readDuration } from '../protocols/duration.ts'
import type { ParamSet } from '../protocols/matrix/params.ts'
import { type MaxStddev, ORDERS, type Order } from '../protocols/matrix/sampling.ts'
import type { RunFile } from '../protocols/run-file.ts'
import { chooseItems } from '../protocols/sysinfo/items.ts'
import { RESULT_READERS, type ResultReaderName } from '../protocols/workload-results.ts'
import { addFlag } from './command.ts'
import { addJobFlags, type JobFlags } from './jobs/job-flags.ts'
import { addLoadFlags, type LoadFlags, parseSamples } from './load-flags.ts'
import { splitWords } from './split-words.ts'
import { parseToolFile } from './tool-file.ts'

export interface SpecFlags extends LoadFlags, JobFlags {
  on?: string
  stage?: string[]
  tools?: string[]
  group?: string[]
  tool?: NonNullable<RunFile['tool']>
  toolFile?: NonNullable<RunFile['tool']>
  quorum?: string | number
  expect?: number
  iteration?: NonNullable<RunFile['iterations']>
  param?: ParamSet
  order?: Order
  /** Short for `order`. */
  interleave?: boolean
  seed?: number
  warmup?: number
  maxSampleFailures?: number
  maxStddev?: MaxStddev
  results?: Array<ResultReaderName> | 'none'
  interval?: number
  timeout?: number
  joinTimeout?: number
  preflight?: number
  phaseTimeout?: number
  lease?: number
  /** Words with commas, or `list`. */
  sysinfo?: string
  name?: string
  tag?: Record<string, string>
  moveTo?: string
  onMissingTool?: 'continue' | 'exclude'
  onFailedTool?: 'continue' | 'exclude'
  onFailedWorkload?: 'finish' | 'stop' | 'ignore'
  onLost?: 'exclude' | 'end'
  ends?: 'all' | 'first'
  /** The words after -- are a workload of every member, and no command. */
  workload?: boolean
  policy?: Record<string, string | number | boolean>
  /** A flag of all commands that follow a run. */
  strict?: boolean
}

export function addSpecFlags(command: Command): void {
  const add = addFlag.bind(undefined, command)
  add('--on <selector>', 'the peers that take part, such as role=db or a,b (all)')
  add(
    '--stage <path>',
    'a file or folder that every member has before the run begins, in the folders of its workloads, repeatable',
    parseEach
  )
  add('--tools <names>', 'tools or sets of tools: none, light, medium, heavy, default', parseNames)
  add(
    '--tool <name=command>',
    'a tool of your own: a shell command that runs between start and stop, repeatable',
    parseTool
  )
  add('--tool-file <name.toml>', 'a tool of your own that a file describes, repeatable', parseToolFile)
  add(
    '--group <names>',
    'the tools that are registered for these groups, beside those of --tools; repeatable',
    parseNames
  )
  add('--quorum <q>', 'how many members must answer a phase: all, majority, a number, a percentage (all)', parseQuorum)
  add('--expect <n>', 'number of members to wait for before it starts (those it names)', parseNumber)
  add(
    '--samples <n>',
    'how many times each iteration is repeated (1); of tasks raw: keep every request',
    (value, before) => parseSamples(value, before, parseNumber)
  )
  add(
    '--iteration <words>',
    '"NAME [ARGS...]": an iteration with arguments of the workload, repeatable',
    parseIteration
  )
  add(
    '--param <key=values>',
    'a parameter: an iteration for each of its values, such as bs=4k,1m; repeatable',
    parseParam
  )
  add(
    '--order <order>',
    'all samples of an iteration in a row, one of each in turn, the same with every second round backwards, or mixed (sample)',
    ORDERS
  )
  add('--interleave', '--order interleave: samples of iterations that are to be compared, in turn').conflicts('order')
  add('--seed <n>', 'of the order random: the same seed gives the same order', parseNumber)
  add('--warmup <n>', 'samples before the first of each iteration that count for nothing (0)', parseNumber)
  add(
    '--max-sample-failures <n>',
    'repeat failed samples; end the run when more than so many of an iteration have failed (do not repeat)',
    parseNumber
  )
  add(
    '--max-stddev <metric=percent[,samples]>',
    'more samples, until the deviation of a metric is at most so many percent, or there are so many (10)',
    parseDeviation
  )
  add(
    '--results <readers>',
    `benchmarks whose output is read: none, or ${RESULT_READERS.join(', ')} (those that it looks like)`,
    parseResults
  )
  add('--interval <time>', 'time between two samples of a tool (3s)', parseSeconds)
  add('--timeout <time>', 'time after which the workload is killed: 90, 90s, 5m, 2h (never)', parseSeconds)
  add('--join-timeout <time>', 'how long to wait for members (60s)', parseSeconds)
  add(
    '--preflight <time>',
    'before join, ask every member and wait at most this long: 60, 60s, 5m (do not ask)',
    parseSeconds
  )
  add('--phase-timeout <time>', 'time that a phase may take (60s)', parseSeconds)
  add(
    '--lease <time>',
    'time without contact to the controller after which members stop their tools (15m)',
    parseSeconds
  )
  add(
    '--sysinfo <what>',
    'what is recorded of each machine before and after: default, all, none, names of items; list prints them (default)',
    parseItems
  )
  add('--name <name>', 'a name for this kind of run (run)')
  add('--tag <key=value>', 'kept with the result, repeatable', parsePair)
  add('--move-to <destination>', 'where the result goes when the run has ended, as bak move has it (it stays here)')
  add(
    '--on-missing-tool <what>',
    'if a member lacks a tool, go on there without it, or without the member (continue)',
    ['continue', 'exclude']
  )
  add('--on-failed-tool <what>', 'the same if a tool fails to start, or ends before its first output (exclude)', [
    'continue',
    'exclude'
  ])
  add('--workload', 'run the command on every member, and not on this machine')
  add('--ends <which>', 'which clients are waited for: all of them, or the first, which ends the others (all)', [
    'all',
    'first'
  ])
  add(
    '--on-failed-workload <what>',
    'if a workload of a member fails: let the others finish, stop them, or go on and name it (finish)',
    ['finish', 'stop', 'ignore']
  )
  add('--on-lost <what>', 'if a member is lost in mid work: go on without it, or end the run (exclude)', [
    'exclude',
    'end'
  ])
  addLoadFlags(command)
  addJobFlags(command)
  add('--policy <key=value>', 'any key of [policy] in a run file, repeatable', parsePolicy)
}

export function parseNumber(value: string): number {
  const number = Number(value)
  if (value.trim() === '' || !Number.isFinite(number)) throw new InvalidArgumentError('It is not a number.')
  return number
}

/** Seconds, or a duration with its unit. */
export const parseSeconds = (value: string) => (/[a-z]$/.test(value) ? readDuration(value) / 1000 : parseNumber(value))

/** Words that choose items of sysinfo, with commas, or `list`. */
export function parseItems(value: string): string {
  const chosen = value === 'list' ? undefined : chooseItems(value.split(','))
  if (chosen != null && 'wrong' in chosen) throw new InvalidArgumentError(`${chosen.wrong}.`)
  return value
}

function parseResults(value: string): SpecFlags['results'] {
  if (value === 'none') return value
  const names = value.split(',').filter(name => name !== '')
  const unknown = names.find(name => !(RESULT_READERS as readonly string[]).includes(name))
  if (unknown != null || names.length === 0)
    throw new InvalidArgumentError(`The readers of results are none, ${RESULT_READERS.join(', ')}.`)
  return names as ResultReaderName[]
}

export const parseEach = (value: string, before: string[] = []) => [...before, value]

export const parseNames = (value: string, before: string[] = []) => [
  ...before,
  ...value.split(',').filter(name => name !== '')
]

const parseQuorum = (value: string) => (/^\d+$/.test(value) ? Number(value) : value)

export function parsePair(value: string, before: Record<string, string> = {}): Record<string, string> {
  const at = value.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('It is not key=value.')
  return { ...before, [value.slice(0, at)]: value.slice(at + 1) }
}

export function parseTool(value: string, before: SpecFlags['tool'] = {}): SpecFlags['tool'] {
  const [[name, command] = ['', '']] = Object.entries(parsePair(value))
  if (command.trim() === '') throw new InvalidArgumentError('It has no command.')
  return { ...before, [name]: { command: ['/bin/sh', '-c', command] } }
}

export function parseParam(value: string, before: ParamSet = {}): ParamSet {
  const [[key, text] = ['', '']] = Object.entries(parsePair(value))
  return { ...before, [key]: text.split(',') }
}

export function parseDeviation(value: string): MaxStddev {
  const [, metric, percent, samples] = /^([^=]+)=([^,%]+)%?(?:,(.+))?$/.exec(value) ?? []
  if (metric == null || percent == null)
    throw new InvalidArgumentError('It is not metric=percent or metric=percent,samples.')
  const bound = samples == null ? {} : { samples: parseNumber(samples) }
  return { metric, percent: parseNumber(percent), ...bound } as MaxStddev
}

function parsePolicy(value: string, before: SpecFlags['policy'] = {}): SpecFlags['policy'] {
  const [[key, text] = ['', '']] = Object.entries(parsePair(value))
  const known = /^\d+(\.\d+)?$/.test(text) ? Number(text) : /^(true|false)$/.test(text) ? text === 'true' : text
  return { ...before, [key.replaceAll('-', '_')]: known }
}

function parseIteration(value: string, before: SpecFlags['iteration'] = []): SpecFlags['iteration'] {
  const [name, ...args] = splitWords(value)
  if (name == null) throw new InvalidArgumentError('It has no name.')
  return [...before, { name, args }]
}
