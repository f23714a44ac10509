/** Packs a result as pbench does: `<name>.tar.xz`, made by the program xz with all processors, and the MD5 of the whole. Never whole in memory. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { constants, setPriority } from 'node:os'
import { basename, dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { BakError } from '../../protocols/errors.ts'
import { isCode, onDisk } from './disk.ts'
import { PackReport } from './pack-report.ts'
import { tarStream } from './tar-stream.ts'

/** What xz says that is told. */
const MAX_STDERR = 300

const READ_BYTES = 256 * 1024

export interface XzTarball {
  /** Lower-case hex. */
  md5: string
  bytes: number
  /** Its content, from the beginning. */
  read(): Readable
}

interface XzOptions {
  signal: AbortSignal
  /** Called with the bytes of the tar that were packed since the last call. */
  onRead(bytes: number): void
  /** The program, for a test. */
  xz?: string
}

/**
 * The same folder gives the same bytes.
 * @param target a new file, also in a new folder @throws {BakError} `no-space`, `io` for what cannot be packed, `cannot-create` where xz is missing
 */
export async function packXz(
  folder: string,
  target: string,
  { signal, onRead, xz = 'xz' }: XzOptions
): Promise<XzTarball> {
  const report = new PackReport()
  await onDisk(target, () => mkdir(dirname(target), { recursive: true, mode: 0o700 }))
  const handle = await onDisk(target, () => open(target, 'wx', 0o600))
  try {
    const child = spawn(xz, ['-T0'], { stdio: ['pipe', 'pipe', 'pipe'] })
    const ended = ending(child)
    makeNice(child.pid)
    async function* source() {
      for await (const chunk of tarStream(dirname(folder), [basename(folder)], report)) {
        onRead(chunk.length)
        yield chunk
      }
    }
    const feeding = pipeline(Readable.from(source(), { objectMode: false, highWaterMark: 1 }), child.stdin, { signal })
    const hash = createHash('md5')
    let bytes = 0
    const storing = (async () => {
      for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
        hash.update(chunk)
        await onDisk(target, () => handle.writeFile(chunk))
        bytes += chunk.length
      }
    })()
    try {
      // how xz ends says more than that its pipe broke
      const [fed, stored, end] = await Promise.allSettled([feeding, storing.catch(stopOf(child)), ended])
      signal.throwIfAborted()
      for (const each of [stored, end, fed]) if (each.status === 'rejected') throw each.reason
    } finally {
      child.kill('SIGKILL')
    }
    if (report.left.length > 0) throw new BakError('io', `it would not be whole there: ${report.warnings().join('; ')}`)
    const read = () => createReadStream(target, { highWaterMark: READ_BYTES })
    return { md5: hash.digest('hex'), bytes, read }
  } finally {
    await handle.close()
  }
}

export const noXz = (cause?: unknown) =>
  new BakError(
    'cannot-create',
    'a pbench server takes .tar.xz, and there is no program xz here: install xz-utils (Debian) or xz (Fedora)',
    { cause }
  )

/** All processors are for who measures meanwhile; where that cannot be had, it is as it is. */
function makeNice(pid: number | undefined): void {
  try {
    if (pid != null) setPriority(pid, constants.priority.PRIORITY_LOW)
  } catch {
    // it has ended already
  }
}

/** What cannot be written need not be compressed. */
const stopOf = (child: { kill(signal: 'SIGKILL'): boolean }) => (cause: unknown) => {
  child.kill('SIGKILL')
  throw cause
}

/** @throws {BakError} unless it ends well */
async function ending(child: ReturnType<typeof spawn>): Promise<void> {
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', text => (said = `${said}${text}`.slice(0, MAX_STDERR)))
  try {
    const [status, signal] = await once(child, 'close')
    if (status !== 0) throw new BakError('io', `xz ended with ${status ?? signal}: ${said.trim() || 'it said nothing'}`)
  } catch (cause) {
    if (!isCode(cause, 'ENOENT', 'EACCES')) throw cause
    throw noXz(cause)
  }
}
