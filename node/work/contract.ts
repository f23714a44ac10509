/** What a program of a run is told by its environment and its arguments: the lone command and the workloads of members alike. Pure. */
import type { Step } from '../../protocols/phase.ts'
import type { Iteration } from '../../protocols/spec.ts'
import { parameterVariable } from '../../protocols/variables.ts'

export interface Told {
  run: string
  /** Its peer id. */
  peer: string
  group?: string
  rank: number
  step: Step
  iteration: Iteration
  /** What it writes there comes into the result. */
  out: string
  /** For its calls. */
  socket?: string
}

/** @returns its words, with those that the iteration adds */
export function argvOf(command: string | string[], { args }: Pick<Iteration, 'args'>): string[] {
  if (typeof command !== 'string') return [...command, ...args]
  return args.length === 0 ? ['/bin/sh', '-c', command] : ['/bin/sh', '-c', `${command} "$@"`, 'sh', ...args]
}

export function environmentOf(told: Told): Record<string, string> {
  const { run, peer, group = 'default', rank, step, iteration, out, socket } = told
  return {
    BAK_RUN: run,
    BAK_PEER: peer,
    BAK_GROUP: group,
    BAK_RANK: String(rank),
    BAK_ITERATION: step.name,
    BAK_SAMPLE: String(step.sample),
    BAK_OUT: out,
    ...(socket == null ? {} : { BAK_SOCK: socket }),
    ...Object.fromEntries(Object.entries(iteration.params).map(([key, value]) => [parameterVariable(key), value]))
  }
}
