/**
 * The spec of a run: the keys of a run file, which are also flags of `bak run`. The effective spec, with every default
 * filled in, is in the offer, the manifest and the result.
 */
import * as v from 'valibot'
import { destination } from './destination.ts'
import { count, iterationName, labels, list, name } from './fields.ts'
import { table } from './free-keys.ts'
import { jobKeys, jobPath } from './jobs/job.ts'
import { misfits, sampling } from './matrix/sampling.ts'
import { onEnd } from './on-end.ts'
import { own } from './own.ts'
import { argument, commandLine, quorum, seconds, selector } from './spec-fields.ts'
import { MAX_STAGE_PATHS, stagePath } from './staged.ts'
import { sysinfoChoice } from './sysinfo/items.ts'
import { tags } from './tags.ts'
import { taskKeys } from './tasks/task.ts'
import { thresholds } from './thresholds/threshold.ts'
import { type ToolOptions, toolOptions } from './tool-options.ts'
import { trigger } from './trigger.ts'
import { collidingParameters, parameterVariable } from './variables.ts'
import { workload } from './workload.ts'
import { results } from './workload-results.ts'

const toolset = list(name, 64)

/** One name, or a list of them. */
const groupNames = v.pipe(
  v.union([name, v.pipe(toolset, v.minLength(1))], 'expected the name of a group, or a list of names'),
  v.transform(names => [...new Set([names].flat())])
)

/** A named set of members, for tools and workloads. */
export const group = v.strictObject({
  name,
  on: v.optional(selector, 'all'),
  tools: v.optional(toolset, []),
  /** When its tools run, by the output of the command. */
  trigger: v.optional(trigger)
})

export const iteration = v.strictObject({
  name: iterationName,
  /** Words added to the command. */
  args: v.optional(list(argument, 1024), []),
  /** Given to the workload as BAK_PARAM_<NAME>, with _ for what is neither letter nor digit. */
  params: v.optional(
    v.pipe(
      labels,
      v.check(params => Object.values(params).every(each => !each.includes('\0')), 'a parameter has no NUL'),
      v.check(
        params => collidingParameters(Object.keys(params)) == null,
        ({ input }) => {
          const [one = '', other] = collidingParameters(Object.keys(input)) ?? []
          return `${one} and ${other} would both be ${parameterVariable(one)}: rename one of them`
        }
      )
    ),
    {}
  )
})
export type Iteration = v.InferOutput<typeof iteration>

export const policy = v.strictObject({
  quorum: v.optional(quorum, 'all'),
  /** Whether a run fails that lacks members or anything else that it was asked for. */
  strict: v.optional(v.boolean()),
  /** Seconds to wait for --expect members and for their answers to join. */
  join_timeout: v.optional(seconds, 60),
  /** Seconds in which each candidate must answer before join is sent; 0 sends join without asking before. */
  preflight: v.optional(seconds, 0),
  /** Seconds that each other phase may take, except work and send. */
  phase_timeout: v.optional(seconds, 60),
  /** Seconds after which a member has failed to send that neither sends nor waits for its turn; what comes at 64 KiB/s starts them anew. */
  send_timeout: v.optional(seconds, 300),
  /** Seconds after which a phase in which members send is over, whatever still comes. */
  send_limit: v.optional(v.pipe(seconds, v.minValue(1)), 3600),
  /** Seconds after which the workload is killed; 0 is never. */
  timeout: v.optional(seconds, 0),
  /** Seconds without a message of the controller after which a member stops its tools and keeps its data. */
  lease: v.optional(v.pipe(seconds, v.minValue(1)), 900),
  /**
   * Seconds for which members may be out of reach while the workload runs, before a run ends that needs them for its quorum; 0 is for
   * ever, for a benchmark that cuts the network.
   */
  lost_timeout: v.optional(seconds, 10),
  /**
   * If a workload of a member fails, or a server ends before it is stopped: `finish` lets the others run to their end, and the run fails;
   * `stop` ends the others at once; `ignore` names it, and the run is partial.
   */
  on_failed_workload: v.optional(v.picklist(['finish', 'stop', 'ignore']), 'finish'),
  /** If a member cannot be reached for lost_timeout while its workloads run: go on without it as long as the quorum can be met, or end the run. */
  on_lost: v.optional(v.picklist(['exclude', 'end']), 'exclude'),
  /** If a member lacks a tool: continue without the tool there, or exclude the member. */
  on_missing_tool: v.optional(v.picklist(['continue', 'exclude']), 'continue'),
  /** If a tool fails to start: continue without the tool there, or exclude the member. */
  on_failed_tool: v.optional(v.picklist(['continue', 'exclude']), 'exclude'),
  /** If a tool ends before it is stopped, and has no `on_end` of its own. */
  on_ended_tool: v.optional(onEnd, 'ignore'),
  /** Seconds after a relayed connection was opened in which a tarball waits for a direct one; then it uses the relay. */
  direct_wait: v.optional(seconds, 5),
  /** Members that one peer tells and hears itself; with more the run has branches, whose heads pass on commands and gather answers. */
  fanout: v.optional(v.pipe(count, v.minValue(2), v.maxValue(1024)), 64),
  /** Tarballs that the controller receives at the same time. */
  transfers: v.optional(v.pipe(count, v.minValue(1), v.maxValue(64)), 4),
  /** Seconds after which the phase in which members fetch what is staged is over, whatever still comes; what comes at 64 KiB/s starts the time of a phase anew. */
  stage_limit: v.optional(v.pipe(seconds, v.minValue(1)), 3600)
})

const keys = v.strictObject({
  /** A name for this kind of run, kept with the result. */
  name: v.optional(name, 'run'),
  /** A program on the controller: a list of words, or one string for the shell. */
  command: v.optional(commandLine),
  /** Where the numbers of a benchmark are that the command runs, or a client; by default found by their look. */
  results: v.optional(results),
  /** Programs on members; those of the role `client` in the place of a command. */
  workload: v.optional(list(workload, 64), []),
  /** Load with a schedule, in the place of a command and of clients. */
  ...taskKeys,
  /** A graph of scripts over the members: those of the role `work` in the place of a command, of clients and of tasks. */
  ...jobKeys,
  /** Which clients are waited for: all of them, or the first that ends, which ends the others. */
  ends: v.optional(v.picklist(['all', 'first']), 'all'),
  /** Files and folders that every member has before the run begins, in the folders in which its workloads run. */
  stage: v.optional(list(stagePath, MAX_STAGE_PATHS), []),
  /** Outputs of jobs of the role `setup` that workloads have in their working folders, as `stage` has files; each by its last name unless `as` says where. */
  stage_outputs: v.optional(
    list(
      v.strictObject({ job: name, output: jobPath, as: v.optional(jobPath), for: v.optional(name) }),
      MAX_STAGE_PATHS
    ),
    []
  ),
  /** Which peers take part. */
  on: v.optional(selector, 'all'),
  /** Tools of the group `default`, which is all members. Not given: what is registered, else proc. */
  tools: v.optional(toolset),
  /** Groups whose registered tools run, beside `tools`. If nothing says what is measured, it is `default`. */
  group: v.optional(groupNames),
  /** When tools run, by the output of the command: of each group that has no trigger of its own. */
  trigger: v.optional(trigger),
  /** The same by the names of groups; the controller adds what is registered for those that it runs. */
  triggers: v.optional(table(name, trigger), {}),
  /** Options of tools by name, and tools of your own. */
  tool: v.optional(table(name, toolOptions), {}),
  groups: v.optional(list(group, 64), []),
  /** Number of members that must be in the mesh before the run starts. */
  expect: v.optional(v.pipe(count, v.minValue(1))),
  iterations: v.optional(v.pipe(list(iteration, 1000), v.minLength(1)), [{ name: 'default', args: [], params: {} }]),
  ...sampling,
  /** Seconds between two samples of a tool. */
  interval: v.optional(v.pipe(seconds, v.minValue(0.1)), 3),
  /** What is recorded of each machine before and after: `default`, `all`, `none`, or names of items. */
  sysinfo: v.optional(sysinfoChoice, 'default'),
  /** What metrics have to come to. */
  threshold: v.optional(thresholds),
  /** Where the result goes when the run has ended: `archive`, a peer, a folder of the controller, or the address of a pbench server. */
  move_to: v.optional(destination),
  policy: v.optional(policy, {}),
  /** Free words kept with the result. */
  tags: v.optional(tags, {})
})

/** Two keys may be right each for itself, and not together. */
const together = (key: 'samples' | 'max_stddev') =>
  v.forward(
    v.check<v.InferOutput<typeof keys>, (issue: v.CheckIssue<v.InferOutput<typeof keys>>) => string>(
      given => misfits(given)?.key !== key,
      ({ input }) => misfits(input)?.what ?? ''
    ),
    [key]
  )
export const spec = v.pipe(keys, together('samples'), together('max_stddev'))
/** A spec without defaults. */
export type SpecInput = v.InferInput<typeof spec>
/** With every default filled in. */
export type Spec = v.InferOutput<typeof spec>

/** Sets of tools, as in pbench. */
const toolsets: Record<string, string[]> = {
  none: [],
  light: ['vmstat'],
  medium: ['vmstat', 'iostat', 'sar'],
  heavy: [
    ...['vmstat', 'iostat', 'sar', 'mpstat', 'perf', 'pidstat'],
    ...['proc-interrupts', 'proc-vmstat', 'turbostat']
  ],
  default: ['proc', 'vmstat', 'iostat', 'mpstat', 'pidstat', 'sar']
}

/** @returns what a spec says of a tool; a tool may have any name, also that of a property of every object */
export const optionsOf = ({ tool }: Pick<Spec, 'tool'>, name: string): ToolOptions => own(tool, name) ?? {}

/** @returns whether a name is that of a set of tools */
export const isToolset = (name: string): boolean => Object.hasOwn(toolsets, name)

/** @returns the names with each set replaced by its tools, each tool once */
export function expandTools(names: string[]): string[] {
  return [...new Set(names.flatMap(each => own(toolsets, each) ?? [each]))]
}
