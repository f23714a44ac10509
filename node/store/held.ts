/** Files and folders out of a small archive, judged and still in memory. */
import { closeSync, futimesSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { breather } from './breath.ts'
import { isCode } from './disk.ts'

export interface Held {
  /** Relative, and without `..`: who holds it has asked whether it may come in. */
  path: string
  folder: boolean
  mode: number
  mtime?: Date
  body: Uint8Array[]
}

/** Writes them into a folder that nobody else writes to, and that held nothing. */
export async function writeHeld(
  root: string,
  held: Held[],
  refuse: (path: string, reason: string) => void
): Promise<void> {
  const breathe = breather()
  const made = new Set([root])
  const ensure = (folder: string) => {
    if (!made.has(folder)) mkdirSync(folder, { recursive: true, mode: 0o755 })
    made.add(folder)
  }
  for (const { path, folder, mode, mtime, body } of held) {
    await breathe()
    const target = join(root, path)
    ensure(folder ? target : dirname(target))
    // where large and small letters are the same, two names may be one
    if (!folder && !writeNew(target, Buffer.concat(body), mode, mtime)) refuse(path, 'there twice')
  }
}

/** @returns false where the name is taken */
function writeNew(path: string, bytes: Uint8Array, mode: number, mtime: Date | undefined): boolean {
  const file = openNew(path, mode)
  if (file === undefined) return false
  try {
    writeFileSync(file, bytes)
    if (mtime != null) futimesSync(file, new Date(), mtime)
  } finally {
    closeSync(file)
  }
  return true
}

function openNew(path: string, mode: number): number | undefined {
  try {
    return openSync(path, 'wx', mode)
  } catch (error) {
    if (isCode(error, 'EEXIST')) return undefined
    throw error
  }
}
