/**
 * File systems of the kernel for one program: where tracefs or debugfs is not mounted, the program gets it in mounts of its own, which go
 * with it. perf would mount tracefs for the whole machine, and leave it.
 */
import { readdirSync } from 'node:fs'
import { ifPossible } from '../../if-possible.ts'
import { ownMounts } from '../../processes/mounts.ts'
import { findProgram } from '../find-program.ts'
import { reasonOf, tryProgram } from '../try-program.ts'

type KernelFs = 'tracefs' | 'debugfs'

const POINTS: Record<KernelFs, string> = { tracefs: '/sys/kernel/tracing', debugfs: '/sys/kernel/debug' }

const isMounted = (type: KernelFs): boolean =>
  ownMounts().some(mount => mount.type === type && (mount.point === POINTS[type] || type === 'tracefs'))

/** @returns the argv by which a program of root sees it; unchanged where it is there anyway, or cannot be had */
export async function inOwnMounts(type: KernelFs, argv: string[]): Promise<string[]> {
  if (isMounted(type) || process.getuid?.() !== 0) return argv
  if ((await findProgram('unshare')) == null || (await findProgram('mount')) == null) return argv
  const script = `mount -t ${type} ${type} ${POINTS[type]} 2>/dev/null; exec "$@"`
  return ['unshare', '--mount', 'sh', '-c', script, 'sh', ...argv]
}

/** @returns why this user can have no such file system, as far as it shows without a program */
export function whyNever(type: KernelFs): string | undefined {
  if (process.getuid?.() !== 0) return `${type} is for root only`
  return isMounted(type) || isThere(POINTS[type]) ? undefined : `this kernel has no ${POINTS[type]}`
}

/** @returns why a program of root cannot have it; undefined if it is there, or can be mounted for one program, which is tried */
export async function whyNotNow(type: KernelFs): Promise<string | undefined> {
  if (isMounted(type)) return undefined
  if ((await findProgram('unshare')) == null || (await findProgram('mount')) == null) {
    return `${type} is not mounted, and unshare and mount of util-linux are not here to do it for one program`
  }
  const tried = await tryProgram(['unshare', '--mount', 'mount', '-t', type, type, POINTS[type]])
  return tried.isDone ? undefined : `${type} is not mounted, and cannot be: ${reasonOf(tried)}`
}

const isThere = (path: string): boolean => ifPossible(() => readdirSync(path)) != null
