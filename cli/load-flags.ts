/** The flags of `bak run` that are keys of `[load]`. */
import { type Command, InvalidArgumentError } from 'commander'
import type { Load } from '../protocols/tasks/task.ts'
import { addFlag } from './command.ts'

export interface LoadFlags {
  /** How often each iteration is repeated; `raw` is for `rawSamples`. */
  samples?: number | 'raw'
  rawSamples?: boolean
  testMode?: boolean
  onError?: Load['on_error']
}

export function addLoadFlags(command: Command): void {
  addFlag(command, '--raw-samples', 'of tasks: keep every request, as a file and as series; --samples raw is the same')
  addFlag(command, '--test-mode', 'of tasks: one iteration of everything, without warm-up and without a rate')
  addFlag(
    command,
    '--on-error <what>',
    'of requests of tasks: go on unless a target cannot be reached, end at any error, or go on also then (continue)',
    ['continue', 'abort', 'continue-on-network']
  )
}

/** @param before what an earlier `--samples` said */
export function parseSamples(value: string, before: number | 'raw' | undefined, parse: (text: string) => number) {
  const said = value === 'raw' ? value : parse(value)
  if (before != null && (said === 'raw') !== (before === 'raw'))
    throw new InvalidArgumentError('It is a number here, and raw besides: --samples N --raw-samples.')
  return said
}

/** @returns keys of `[load]`; nothing where no flag is given */
export function loadOfFlags({ samples, rawSamples, testMode, onError }: LoadFlags): Partial<Load> | undefined {
  const given = {
    ...(samples === 'raw' || rawSamples ? { samples: 'raw' as const } : {}),
    ...(testMode ? { test_mode: true } : {}),
    ...(onError == null ? {} : { on_error: onError })
  }
  return Object.keys(given).length === 0 ? undefined : given
}
