/**
 * Small files beside the folders of results: `<run>.moved` says where one went that was here once, `<run>.due` where one is to go that is
 * still here, and why it has not gone.
 */
import { readdir, readFile, rm } from 'node:fs/promises'
import * as v from 'valibot'
import { runLine } from '../../protocols/control/results.ts'
import { destination } from '../../protocols/destination.ts'
import { cutText, instant, isRunId, name, peerId, text } from '../../protocols/fields.ts'
import { eachLimited } from '../limit.ts'
import { writeAtomic } from './atomic.ts'
import { onDisk } from './disk.ts'
import type { Home } from './home.ts'

/** Files that are read at the same time. */
const MAX_READS = 16
const MAX_PATH = 4096
const place = v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_PATH))

/** A peer, a folder of this machine, or the address of a pbench server. */
export const whither = v.union([
  v.object({ peer: peerId, name }),
  v.object({ folder: place }),
  v.object({ server: place })
])
export type Whither = v.InferOutput<typeof whither>

const moved = v.intersect([
  whither,
  v.object({
    at: instant,
    /** Its line in lists. */
    line: v.fallback(v.optional(runLine), undefined)
  })
])
export type Moved = v.InferOutput<typeof moved>

const due = v.object({ to: destination, reason: text })
export type Due = v.InferOutput<typeof due>

const MOVED = '.moved'
const DUE = '.due'
const pathOf = (home: Home, run: string) => `${home.runs(run)}${MOVED}`
const dueOf = (home: Home, run: string) => `${home.runs(run)}${DUE}`

/** `the peer`, a path, or an address. */
export const placeOf = (to: Whither): string => ('peer' in to ? to.name : 'folder' in to ? to.folder : to.server)

export const noteMoved = (home: Home, run: string, to: Moved): Promise<void> =>
  writeAtomic(pathOf(home, run), JSON.stringify(to))

/** @returns the runs that were moved from here */
export const movedFrom = (home: Home): Promise<string[]> => noted(home, MOVED)

/** @returns the runs that have a note of this kind, the oldest first */
export async function noted(home: Home, suffix: string): Promise<string[]> {
  const names = await readdir(home.runs()).catch(() => [])
  const runs = names.filter(each => each.endsWith(suffix)).map(each => each.slice(0, -suffix.length))
  return runs.filter(isRunId).sort()
}

/** @returns where each of these runs went, as far as it is known */
export async function allMoved(home: Home, runs: string[]): Promise<Map<string, Moved>> {
  const found = await Promise.all(eachLimited(runs, MAX_READS, run => whereMoved(home, run)))
  return new Map(runs.flatMap((run, i) => (found[i] == null ? [] : [[run, found[i]]])))
}

/** @returns undefined if the result was never moved from here, or nobody knows where */
export const whereMoved = (home: Home, run: string): Promise<Moved | undefined> => readNote(pathOf(home, run), moved)

export const forgetMoved = (home: Home, run: string): Promise<void> => forgetNote(pathOf(home, run))

/** The result is to go there. @param reason why it has not, as long as this note is there */
export const noteDue = (home: Home, run: string, { to, reason }: Due): Promise<void> =>
  writeAtomic(dueOf(home, run), JSON.stringify({ to, reason: cutText(reason) }))

export const whyDue = (home: Home, run: string): Promise<Due | undefined> => readNote(dueOf(home, run), due)

/** @returns the runs whose results are to go elsewhere and are still here, the oldest first */
export const runsDue = (home: Home): Promise<string[]> => noted(home, DUE)

export const forgetDue = (home: Home, run: string): Promise<void> => forgetNote(dueOf(home, run))

export const forgetNote = (path: string): Promise<void> => onDisk(path, () => rm(path, { force: true }))

/** @returns what a note says; undefined where there is none that can be read */
export async function readNote<T>(path: string, schema: v.GenericSchema<unknown, T>): Promise<T | undefined> {
  const content = await readFile(path, 'utf8').catch(() => undefined)
  if (content == null) return undefined
  try {
    return v.parse(schema, JSON.parse(content))
  } catch {
    return undefined
  }
}
