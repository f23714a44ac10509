/** The flags of `bak run` that are keys of `[jobs]`. */
import { type Command, InvalidArgumentError } from 'commander'
import { BakError } from '../../protocols/errors.ts'
import type { JobsTable } from '../../protocols/jobs/job.ts'
import { addFlag, callerEnv } from '../command.ts'

export interface JobFlags {
  /** Variables of every job. */
  env?: Record<string, string>
  /** False with `--no-cache`. */
  cache?: boolean
  failFast?: boolean
}

export function addJobFlags(command: Command): void {
  addFlag(
    command,
    '--env <name[=value]>',
    'of jobs: a variable of each, with its value here if none is given; repeatable',
    parseVariable
  )
  addFlag(command, '--no-cache', 'of jobs: run also those whose result is known')
  addFlag(command, '--fail-fast', 'of jobs: the first one that fails ends all others')
}

/** @param here the variables of the caller */
export function parseVariable(
  value: string,
  before: Record<string, string> = {},
  here: Record<string, string> = callerEnv
): Record<string, string> {
  const at = value.indexOf('=')
  const name = at < 0 ? value : value.slice(0, at)
  if (name === '') throw new InvalidArgumentError('It is not NAME or NAME=VALUE.')
  const given = at < 0 ? here[name] : value.slice(at + 1)
  if (given == null) throw new InvalidArgumentError(`${name} is not set here: give it as ${name}=VALUE.`)
  return { ...before, [name]: given }
}

type Given = Partial<JobsTable>

/**
 * @param flags of the command line, which ask for jobs
 * @param settings of config.toml, which are for the runs that have some
 * @param hasJobs whether the run file has
 * @returns the table `[jobs]`; variables are merged one by one
 * @throws {BakError} `usage` for a flag of jobs where there are none
 */
export function jobsWith(
  file: Given | undefined,
  flags: JobFlags,
  settings: JobFlags,
  hasJobs: boolean
): Given | undefined {
  const high = tableOf(flags)
  if (!hasJobs && high != null) {
    const [flag] = Object.entries(FLAGS).find(([, key]) => key in high) as [string, string]
    throw new BakError('usage', `${flag} is of jobs, and the run has none: [[job]] in a run file`)
  }
  const low = hasJobs ? tableOf(settings) : undefined
  if (low == null && high == null) return file
  const env = { ...low?.env, ...file?.env, ...high?.env }
  return { ...low, ...file, ...high, ...(Object.keys(env).length === 0 ? {} : { env }) }
}

const FLAGS = { '--env': 'env', '--no-cache': 'cache', '--fail-fast': 'fail_fast' }

/** @returns nothing where no flag is given: that there is a cache is the default of the flag */
function tableOf({ env, cache = true, failFast = false }: JobFlags): Given | undefined {
  const given: Given = {
    ...(env == null ? {} : { env }),
    ...(cache ? {} : { cache: false }),
    ...(failFast ? { fail_fast: true } : {})
  }
  return Object.keys(given).length === 0 ? undefined : given
}
