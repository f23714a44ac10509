/**
 * The files of one tarball as the member that packed it signs them. A list is text, a line a file: digest, bytes and path in the result;
 * `-`, 0 and the path for a folder without files. It travels as the last entry of its tarball behind a line with its signature; the lists
 * of a result are in its `files.txt`, one behind the other.
 */
import { cleanLine } from './clean-line.ts'
import { digestOf } from './digest.ts'
import type { Signer } from './envelope.ts'
import { BakError } from './errors.ts'
import { bytesOf } from './file-names.ts'
import type { FileDigest } from './folder-digests.ts'
import { sign, verify } from './identity.ts'
import { parseResultPath } from './layout.ts'

/** Largest list that a receiver takes from another peer. */
export const MAX_LIST_BYTES = 32 * 1024 * 1024
/** Of a line, without its path. */
export const LINE_BYTES = 96
const MAX_HEAD_BYTES = 512
const HEAD = /^# (\d{1,12}) (\S{22}) (12D3KooW\S{44}) ([A-Za-z0-9+/]{86}==)$/
const LINE = /^(?:([0-9a-f]{64}) (\d{1,16})|- 0) (.+)$/

export interface FileList {
  run: string
  by: string
  /** SHA-256 of its text, as the acknowledgement of the member has it. */
  digest: string
  signature: Uint8Array
  text: Uint8Array
}

export const fileLine = (path: string, { sha256, bytes }: FileDigest) => `${sha256} ${bytes} ${path}\n`
export const folderLine = (path: string) => `- 0 ${path}\n`

/** @returns the list with its head, and the digest for the acknowledgement */
export function sealFileList(run: string, text: Uint8Array, { peer, key }: Signer) {
  const digest = digestOf(text)
  const signature = Buffer.from(sign(key, framed(run, digest))).toString('base64')
  return { digest, sealed: Buffer.concat([Buffer.from(`# ${text.length} ${run} ${peer} ${signature}\n`), text]) }
}

/** @throws {BakError} `bad-message` unless the bytes are one list of this run, which this peer signed, of files in folders with its name */
export function checkFileList(
  sealed: Uint8Array,
  { run, by, name }: { run: string; by: string; name: string }
): FileList {
  const { lists, rest } = splitFileLists(sealed)
  const [list] = lists
  const refused = (why: string) => new BakError('bad-message', `the list of its files ${why}`)
  if (list == null || lists.length > 1 || rest > 0) throw refused('is no list')
  if (list.run !== run || list.by !== by) throw refused(`is of ${list.by} for ${list.run}`)
  if (!isSignedList(list)) throw refused('is not as it was signed')
  for (const { path } of linesOfList(list)) {
    const parsed = parseResultPath(path)
    if (parsed == null || !('member' in parsed) || parsed.member !== name)
      throw refused(`names ${cleanLine(path.slice(0, 200))}, which is in no folder of ${name}`)
  }
  return list
}

export function isSignedList({ run, by, digest, signature }: FileList): boolean {
  try {
    return verify(by, framed(run, digest), signature)
  } catch {
    // not a valid peer id
    return false
  }
}

/** @returns the lists in the order of the file, and the bytes at its end that are none */
export function splitFileLists(content: Uint8Array): { lists: FileList[]; rest: number } {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.length)
  const lists: FileList[] = []
  for (let at = 0; ; ) {
    const end = bytes.subarray(at, at + MAX_HEAD_BYTES).indexOf('\n')
    const [, size, run = '', by = '', signature = ''] =
      HEAD.exec(end < 0 ? '' : bytes.toString('latin1', at, at + end)) ?? []
    const from = at + end + 1
    const to = from + Number(size)
    if (size == null || to > bytes.length) return { lists, rest: bytes.length - at }
    const text = bytes.subarray(from, to)
    lists.push({ run, by, digest: digestOf(text), signature: Buffer.from(signature, 'base64'), text })
    at = to
  }
}

/** @returns each file, and each folder without its digest. @throws {BakError} `bad-message` with the number of a line that is none */
export function* linesOfList({ text }: FileList): Generator<{ path: string; file?: FileDigest }> {
  const lines = Buffer.from(text.buffer, text.byteOffset, text.length).toString('utf8').split('\n')
  if (lines.pop() !== '') throw new BakError('bad-message', 'a list of files has no last line')
  for (const [i, line] of lines.entries()) {
    const [, sha256, bytes, path] = LINE.exec(line) ?? []
    if (path == null) throw new BakError('bad-message', `line ${i + 1} of a list of files is none`)
    yield sha256 == null ? { path } : { path, file: { sha256, bytes: Number(bytes) } }
  }
}

const framed = (run: string, digest: string) => bytesOf(`bak:file-list\0${run} ${digest}`)
