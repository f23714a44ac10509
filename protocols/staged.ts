/** What a run brings to its members before it begins, and where each of it is put. */
import { isAbsolute, join, normalize } from 'node:path'
import * as v from 'valibot'
import { faultInPath } from './artifact.ts'
import { count, digest, name } from './fields.ts'

export const MAX_STAGED = 256

/** Paths of one list in a run file. */
export const MAX_STAGE_PATHS = 64
/** A file or folder of the caller. What is behind `/./` in it is where it is put; without that, a path that leads up, or is absolute, is put by its last name. */
export const stagePath = v.pipe(v.string(), v.minLength(1), v.maxLength(4096), v.excludes('\0', 'has a zero byte'))

/** `linux-x64`, as Node names the system and the processor. */
export const platform = v.pipe(
  v.string(),
  v.maxLength(32),
  v.regex(/^[a-z0-9]+-[a-z0-9]+$/, 'expected a name such as linux-x64')
)
export const PLATFORM = `${process.platform}-${process.arch}`

/** One artifact of a run. */
export const stagedEntry = v.object({
  /** In the working folder; `.` is that folder itself. */
  path: v.pipe(
    v.string(),
    v.check(path => path === '.' || faultInPath(path) == null, 'not a path in a working folder')
  ),
  digest,
  /** Of its files. */
  bytes: count,
  /** The workload that it is for; all of them where it is left out. */
  for: v.optional(name),
  /** The tool that it is the program of, on machines of this platform. */
  tool: v.optional(name),
  platform: v.optional(platform)
})
export type StagedEntry = v.InferOutput<typeof stagedEntry>

/** How much of it a member had to fetch, and how much of that it got from the controller. */
export const fetched = v.object({ bytes: count, source: count })
export type Fetched = v.InferOutput<typeof fetched>

/** @returns where a path of the caller is put in a working folder. Pure. */
export function placementOf(path: string): string {
  const anchor = path.lastIndexOf('/./')
  const isAnchored = anchor >= 0 && isAbsolute(path)
  const wanted = trimmed(normalize(isAnchored ? path.slice(anchor + 3) || '.' : path))
  const leadsAway = isAbsolute(wanted) || wanted === '..' || wanted.startsWith('../')
  return leadsAway
    ? wanted
        .split('/')
        .filter(part => part !== '..')
        .at(-1) || '.'
    : wanted
}

/** @returns the same path from anywhere: what is behind `/./` is what the caller wrote. Pure. */
export function anchored(path: string, folder: string): string {
  if (isAbsolute(path)) return path
  const plain = trimmed(normalize(path))
  return plain === '..' || plain.startsWith('../') ? join(folder, plain) : `${folder === '/' ? '' : folder}/./${plain}`
}

const trimmed = (path: string) => (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path)

/** @returns two entries that would be put in one place for the same workload, in words. Pure. */
export function collidingEntries(
  entries: ReadonlyArray<Pick<StagedEntry, 'path' | 'for' | 'tool'>>
): string | undefined {
  const placed = entries.filter(({ tool, path }) => tool == null && path !== '.')
  for (const [at, { path, for: workload }] of placed.entries()) {
    const other = placed.slice(0, at).find(each => {
      const meet = each.for == null || workload == null || each.for === workload
      return meet && each.path === path
    })
    if (other != null) return path
  }
  return undefined
}
