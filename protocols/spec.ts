/**
 * What a person asks for: the keys of a run file, which are also the options of `bak run`. The effective spec, with every
 * default filled in, stands in the offer, the manifest and the result folder.
 */
import * as v from 'valibot'
import { count, labels, list, name, text } from './fields.ts'

/** A wait in seconds as people write it. */
const seconds = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(31 * 86_400))
const argument = v.pipe(v.string(), v.maxLength(128 * 1024))
const argv = v.pipe(list(argument, 4096), v.minLength(1, 'a command needs at least one word'))
const selector = v.pipe(v.string(), v.minLength(1), v.maxLength(4096))

/** `all`, `majority`, a number of members or a percentage of the roster. */
export const quorum = v.union(
  [
    v.picklist(['all', 'majority']),
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)),
    v.pipe(v.string(), v.regex(/^(100|[1-9]?\d)(\.\d+)?%$/))
  ],
  'a quorum is all, majority, a number of members or a percentage such as 80%'
)
export type Quorum = v.InferOutput<typeof quorum>

/** Options of one tool: what it runs, how often it samples, further words of its command line. */
export const toolOptions = v.strictObject({
  /** Makes this a tool of its own: any program, run between start and stop. */
  command: v.optional(argv),
  /** Seconds between two samples; the run's interval where it is not given. */
  interval: v.optional(v.pipe(seconds, v.minValue(0.1))),
  /** Further words for the tool's command line. */
  options: v.optional(list(argument, 256)),
  /** The signal that stops it: INT lets most tools write what they still hold. */
  stop_signal: v.optional(v.picklist(['INT', 'TERM', 'QUIT', 'HUP'])),
  /** Seconds after which a tool that has written nothing counts as started. */
  ready_after: v.optional(seconds)
})
export type ToolOptions = v.InferOutput<typeof toolOptions>

export const toolset = list(name, 64)

/** A named set of members with tools of their own. */
export const group = v.strictObject({
  name,
  on: v.optional(selector, 'all'),
  tools: toolset
})

export const iteration = v.strictObject({
  name,
  /** Words added to the command. */
  args: v.optional(list(argument, 1024), []),
  /** Handed to the workload as BAK_PARAM_<NAME>. */
  params: v.optional(labels, {})
})
export type Iteration = v.InferOutput<typeof iteration>

export const policy = v.strictObject({
  quorum: v.optional(quorum, 'all'),
  /** Seconds to wait for --expect members and for their answers to join. */
  join_timeout: v.optional(seconds, 60),
  /** Seconds in which each candidate must answer before anybody is asked to join; 0 asks none, as join itself finds out. */
  preflight: v.optional(seconds, 0),
  /** Seconds that each other phase may take, but for work and send. */
  phase_timeout: v.optional(seconds, 60),
  /** Seconds that sending may go on without a byte. */
  send_timeout: v.optional(seconds, 300),
  /** Seconds after which the workload is killed; 0 is never. */
  timeout: v.optional(seconds, 0),
  /** Seconds of silence of the controller after which a member stops its tools and keeps its data. */
  lease: v.optional(v.pipe(seconds, v.minValue(1)), 900),
  /** A tool that a member cannot run at all: go on without it there, or leave the member out. */
  on_missing_tool: v.optional(v.picklist(['continue', 'exclude']), 'continue'),
  /** A tool that fails to start: go on without it there, or leave the member out. */
  on_failed_tool: v.optional(v.picklist(['continue', 'exclude']), 'exclude'),
  /** Seconds that a tarball waits for a relayed connection to become a direct one, from when that opened; then it goes through the relay. */
  direct_wait: v.optional(seconds, 5),
  /** Members that one peer tells and hears itself; with more the run has branches, whose heads pass on commands and gather answers. */
  fanout: v.optional(v.pipe(count, v.minValue(2), v.maxValue(1024)), 64),
  /** Tarballs that the controller takes at the same time. */
  transfers: v.optional(v.pipe(count, v.minValue(1), v.maxValue(64)), 4)
})
export type Policy = v.InferOutput<typeof policy>

export const sysinfo = v.picklist(['default', 'none'])

export const spec = v.strictObject({
  /** A word for this kind of run, kept with the result. */
  name: v.optional(name, 'run'),
  /** The workload: a list of words, or one string for the shell. */
  command: v.union(
    [argv, v.pipe(argument, v.minLength(1))],
    'command must be a list of words or one string for the shell'
  ),
  /** Which peers take part. */
  on: v.optional(selector, 'all'),
  /** Tools of the group `default`, which is all members. Not given: what is registered, else proc. */
  tools: v.optional(toolset),
  /** Options of tools by name, and tools of your own. */
  tool: v.optional(v.record(name, toolOptions), {}),
  groups: v.optional(list(group, 64), []),
  /** Members that must be there before the run starts. */
  expect: v.optional(v.pipe(count, v.minValue(1))),
  iterations: v.optional(v.pipe(list(iteration, 1000), v.minLength(1)), [{ name: 'default', args: [], params: {} }]),
  /** How often each iteration is repeated. */
  samples: v.optional(v.pipe(count, v.minValue(1), v.maxValue(10_000)), 1),
  /** Seconds between two samples of a tool. */
  interval: v.optional(v.pipe(seconds, v.minValue(0.1)), 3),
  sysinfo: v.optional(sysinfo, 'default'),
  policy: v.optional(policy, {}),
  /** Free words kept with the result. */
  tags: v.optional(v.record(name, text), {})
})
/** What a caller may leave out is left out. */
export type SpecInput = v.InferInput<typeof spec>
/** With every default filled in. */
export type Spec = v.InferOutput<typeof spec>

/** The sets of tools that pbench's users know. */
export const toolsets: Record<string, string[]> = {
  none: [],
  light: ['vmstat'],
  medium: ['vmstat', 'iostat', 'sar'],
  heavy: ['vmstat', 'iostat', 'sar', 'mpstat', 'pidstat', 'proc'],
  default: ['proc', 'vmstat', 'iostat', 'mpstat', 'pidstat', 'sar']
}

/** Replaces the names of sets by the tools in them, each tool once. */
export function expandTools(names: string[]): string[] {
  return [...new Set(names.flatMap(each => toolsets[each] ?? [each]))]
}
