/** Where results went that were here once: a small file `<run>.moved` beside their folders. */
import { readdir, readFile, rm } from 'node:fs/promises'
import * as v from 'valibot'
import { instant, name, peerId } from '../../protocols/fields.ts'
import { writeAtomic } from './atomic.ts'
import { onDisk } from './disk.ts'
import type { Home } from './home.ts'

const moved = v.object({ peer: peerId, name, at: instant })
export type Moved = v.InferOutput<typeof moved>

const pathOf = (home: Home, run: string) => `${home.runs(run)}.moved`

export const noteMoved = (home: Home, run: string, to: Moved): Promise<void> =>
  writeAtomic(pathOf(home, run), JSON.stringify(to))

/** @returns the runs that were moved from here */
export async function movedFrom(home: Home): Promise<string[]> {
  const names = await readdir(home.runs()).catch(() => [])
  return names.filter(each => each.endsWith('.moved')).map(each => each.slice(0, -'.moved'.length))
}

/** @returns undefined if the result was never moved from here, or nobody knows where */
export async function whereMoved(home: Home, run: string): Promise<Moved | undefined> {
  const text = await readFile(pathOf(home, run), 'utf8').catch(() => undefined)
  if (text == null) return undefined
  try {
    return v.parse(moved, JSON.parse(text))
  } catch {
    return undefined
  }
}

export const forgetMoved = (home: Home, run: string): Promise<void> =>
  onDisk(pathOf(home, run), () => rm(pathOf(home, run), { force: true }))
