/** Formats numbers, times and commands for people. */
import type { Begun } from '../protocols/control.ts'
import { type CostShare, isTooShort } from '../protocols/cost.ts'
import type { JobCounts } from '../protocols/jobs/job-state.ts'
import type { Exclusion } from '../protocols/manifest.ts'
import { inQuotes } from '../protocols/users.ts'

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** `3.1 MiB` */
export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1)
  const value = bytes / 1024 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[power]}`
}

/** `128 ms`, `12.3 s`, `2 min 5 s`, `3 h 20 min`, `4 d 2 h` */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`
}

/** Whole units: `45 s`, `3 min`, `5 h`, `2 d` */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

/** `2026-11-22 21:30:15` in UTC */
export const formatTime = (instant: number) => new Date(instant).toISOString().slice(0, 19).replace('T', ' ')

/** A command as it is typed in a shell. */
export function formatCommand(command: string | string[]): string {
  if (typeof command === 'string') return command
  return command.map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : inQuotes(word))).join(' ')
}

/** Six digits at most, and no exponent where it can be without: `152340`, `0.25`, `1.5e+12` */
export const formatNumber = (value: number) => String(Number(value.toPrecision(6)))

/** `a=b c=d`, sorted */
export const formatLabels = (labels: Record<string, string>) =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(' ')

/** A difference of clocks or of instants: `12.3 ms` */
export const formatMs = (ms: number) => `${ms.toFixed(1)} ms`

/** How far a clock is ahead of another: `+12.3 ms ± 0.1` */
export const formatClock = ({ offset, bound }: { offset: number; bound: number }) =>
  `${offset < 0 ? '-' : '+'}${formatMs(Math.abs(offset))} ± ${bound.toFixed(1)}`

/** A share of a core: `0.04 %` */
export const formatShare = (share: number) => `${(100 * share).toFixed(share < 0.1 ? 2 : 0)} %`

/** `observed at 0.04 % of a core, 12 KiB, 31 context switches a second on n3, the costliest member` */
export function formatObserved(cost: CostShare): string {
  const { name, elapsed, daemon, switches, sent, received } = cost
  if (isTooShort(cost)) return `too short to measure the cost of observation (${formatDuration(elapsed)})`
  const facts = [
    `${formatShare(daemon)} of a core`,
    formatBytes(sent + received),
    `${Math.round(switches)} context switches a second on ${name}, the costliest member`
  ]
  return `observed at ${facts.join(', ')}`
}

/** The first line of a run. */
export const describeBegun = ({ run, existed, absent }: Begun) => {
  const missing = absent.length === 0 ? '' : `; not here: ${absent.join(', ')}`
  return `run ${run} ${existed ? 'exists already' : 'started'}${missing}`
}

/** @param jobs of the run, by what became of them @returns a verdict in words */
export function formatVerdict(verdict: string, jobs: JobCounts = {}): string {
  if (verdict === 'workload-failed' && jobs.failed) return 'job failed'
  return verdict === 'quorum' || verdict === 'threshold' ? `${verdict} not met` : verdict.replaceAll('-', ' ')
}

/** `b (stop: lost), c (start: tool-failed)`; `bak show` prints the whole reason. */
export const formatExcluded = (excluded: Exclusion[]) =>
  excluded.map(({ name, phase, code }) => `${name} (${phase}: ${code})`).join(', ')
