/**
 * One daemon per home. The lock is a file with the process id of its holder, its start time and its boot, so that another
 * process that was given the same id later does not count as the holder. A holder in another PID namespace, as of a container, cannot be
 * seen by its id: it is asked at its socket.
 */
import { randomUUID } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { readFile, rename, rm, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import * as v from 'valibot'
import { digestOf } from '../../protocols/digest.ts'
import { BakError } from '../../protocols/errors.ts'
import { answers } from '../../protocols/unix-socket.ts'
import { bootId, inspect } from '../processes/process-group.ts'
import { createOnce, writeAtomic } from './atomic.ts'
import { onDisk, unlessMissing } from './disk.ts'

const holder = v.object({
  pid: v.number(),
  started: v.string(),
  boot: v.string(),
  lock: v.string(),
  /** The PID namespace; '' if the kernel does not tell it. */
  pids: v.string()
})
const MAX_TRIES = 100
/** Within this time from taking the lock a daemon listens at its socket; a slow machine needs a second. */
const LISTEN_TIMEOUT_MS = 3_000
const POLL_MS = 100

export interface Lock {
  release(): Promise<void>
}

/**
 * @param socket where its holder answers
 * @throws {BakError} `busy` with the process that holds it
 */
export async function takeLock(path: string, socket?: string): Promise<Lock> {
  const mine = JSON.stringify({ ...thisProcess(), lock: randomUUID() })
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    if (await createOnce(path, mine, 0o600)) return lockAt(path, mine)
    const found = await onDisk(path, () => unlessMissing(readFile(path, 'utf8')))
    if (found === undefined) continue
    await refuseIfAlive(path, found, socket)
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

async function refuseIfAlive(path: string, content: string, socket?: string): Promise<void> {
  const other = parse(content)
  const advice = `is running with this home: bak-node stop ends it; for a second peer choose another --home`
  if (socket != null && (await answersSoon(path, socket, other)))
    throw new BakError('busy', `${path} is held, and a daemon in another PID namespace ${advice}`)
  if (other === undefined || other.boot !== bootId() || other.pids !== pidNamespace()) return
  if (startOf(other.pid) !== other.started) return
  throw new BakError('busy', `process ${other.pid} holds ${path}, and ${advice}`)
}

/** A holder in another PID namespace may be starting, and answer in a moment. */
async function answersSoon(path: string, socket: string, other?: v.InferOutput<typeof holder>): Promise<boolean> {
  if (other === undefined || other.boot !== bootId() || other.pids === pidNamespace()) return false
  for (;;) {
    if (await answers(socket)) return true
    const taken = await unlessMissing(stat(path))
    if (taken == null || Math.abs(Date.now() - taken.mtimeMs) > LISTEN_TIMEOUT_MS) return false
    await sleep(POLL_MS)
  }
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

function thisProcess(): Omit<v.InferOutput<typeof holder>, 'lock'> {
  return { pid: process.pid, started: startOf(process.pid) ?? '', boot: bootId(), pids: pidNamespace() }
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

/** @returns the start of a living process */
function startOf(pid: number): string | undefined {
  const facts = inspect(pid)
  return facts?.living ? facts.started : undefined
}
