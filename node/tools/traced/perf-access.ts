/** Whether this kernel lets this user have perf events. */

import { namesIn, textIn } from '../../if-possible.ts'
import { statusOf } from '../find-processes.ts'
import { reasonOf, tryProgram } from '../try-program.ts'
import { inOwnMounts } from './own-mounts.ts'

const PARANOID = '/proc/sys/kernel/perf_event_paranoid'
const SOURCES = '/sys/bus/event_source/devices'
/** Units of processors: cpu, cpu_core, armv8_pmuv3_0, ... */
const PROCESSOR = /^(cpu(_\w+)?|armv8.*|apple_.*|power_pmu|cpum_cf|riscv.*)$/

/** CAP_SYS_ADMIN and CAP_PERFMON; capabilities(7). */
const MAY_OBSERVE = [21n, 38n]

function isEffective(capability: bigint): boolean {
  const mask = statusOf(process.pid, 'CapEff') ?? ''
  return /^[0-9a-f]+$/.test(mask) && ((BigInt(`0x${mask}`) >> capability) & 1n) === 1n
}

function paranoia(): number | undefined {
  const text = textIn(PARANOID)
  return text == null ? undefined : Number(text)
}

export const hasCounters = (): boolean => namesIn(SOURCES).some(name => PROCESSOR.test(name))

/** @returns why this user has none at all, without asking the kernel */
export function whyNoEvents(): string | undefined {
  const level = paranoia()
  if (level == null) return `this kernel has no perf events: there is no ${PARANOID}`
  if (level < 1 || MAY_OBSERVE.some(isEffective)) return undefined
  return `kernel.perf_event_paranoid is ${level}, so that all processors are for root only: sysctl -w kernel.perf_event_paranoid=0`
}

/** @param words such as `-a -e cycles` @returns why perf cannot count so here; it is asked to, for the time of `true` */
export async function tryEvents(words: string[]): Promise<{ why?: string; unsupported: string[] }> {
  const tried = await tryProgram(await inOwnMounts('tracefs', ['perf', 'stat', '-x;', ...words, '--', 'true']))
  const unsupported = tried.stderr.split('\n').flatMap(line => {
    const [value, , event = ''] = line.split(';')
    return value === '<not supported>' ? [event] : []
  })
  if (tried.isDone) return { unsupported }
  return { why: reasonOf(tried), unsupported }
}
