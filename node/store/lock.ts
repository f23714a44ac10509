/**
 * One daemon per home. The lock is a file with the process id of its holder, its start time and its boot, so that another
 * process that was given the same id later does not count as the holder.
 */
import { randomUUID } from 'node:crypto'
import { readFile, rename, rm } from 'node:fs/promises'
import * as v from 'valibot'
import { digestOf } from '../../protocols/digest.ts'
import { BakError } from '../../protocols/errors.ts'
import { bootId, inspect } from '../processes/process-group.ts'
import { createOnce, writeAtomic } from './atomic.ts'
import { onDisk, unlessMissing } from './disk.ts'

const holder = v.object({ pid: v.number(), started: v.string(), boot: v.string(), lock: v.string() })
const MAX_TRIES = 100

export interface Lock {
  release(): Promise<void>
}

/** @throws {BakError} `busy` with the process that holds it */
export async function takeLock(path: string): Promise<Lock> {
  const mine = JSON.stringify({ ...thisProcess(), lock: randomUUID() })
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    if (await createOnce(path, mine, 0o600)) return lockAt(path, mine)
    const found = await onDisk(path, () => unlessMissing(readFile(path, 'utf8')))
    if (found === undefined) continue
    refuseIfAlive(path, found)
    if (await replaceStale(path, found, mine)) return lockAt(path, mine)
  }
  throw new BakError('busy', `${path} was taken by another process ${MAX_TRIES} times`)
}

function lockAt(path: string, mine: string): Lock {
  const release = async () => {
    if ((await unlessMissing(readFile(path, 'utf8'))) === mine) await rm(path, { force: true })
  }
  return { release: () => onDisk(path, release) }
}

function refuseIfAlive(path: string, content: string): void {
  const other = parse(content)
  if (other === undefined || other.boot !== bootId()) return
  if (startOf(other.pid) !== other.started) return
  throw new BakError('busy', `process ${other.pid} holds ${path}`)
}

/**
 * Two processes may find the same stale lock. To replace it, a process first takes a lock named after the stale content and
 * then reads the content again: meanwhile no other process can replace it.
 */
async function replaceStale(path: string, found: string, mine: string): Promise<boolean> {
  const claim = await takeLock(`${path}.${digestOf(Buffer.from(found)).slice(0, 16)}`)
  try {
    if ((await unlessMissing(readFile(path, 'utf8'))) !== found) return false
    const next = `${path}.${randomUUID()}`
    await writeAtomic(next, mine, { mode: 0o600 })
    await rename(next, path)
    return true
  } finally {
    await claim.release()
  }
}

function parse(content: string): v.InferOutput<typeof holder> | undefined {
  try {
    return v.parse(holder, JSON.parse(content))
  } catch {
    return undefined
  }
}

function thisProcess(): { pid: number; started: string; boot: string } {
  return { pid: process.pid, started: startOf(process.pid) ?? '', boot: bootId() }
}

/** @returns the start of a living process */
function startOf(pid: number): string | undefined {
  const facts = inspect(pid)
  return facts?.living ? facts.started : undefined
}
