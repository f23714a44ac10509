/** What a workload says of itself on stdout: a line `#BAK:STATE ERR why` makes it a failure, whatever its exit status is. */
import { constants, createReadStream } from 'node:fs'

const MARK = Buffer.from('#BAK:STATE ERR')
/** Of the words behind the mark. */
const MAX_WHY_BYTES = 512
const PORTION_BYTES = 1024 * 1024
const NEWLINE = 10

/** @returns the words behind the first such line of a file, or why it could not be read; undefined if it has none */
export async function statedError(path: string): Promise<string | undefined> {
  try {
    // nor is a link followed that the program has put there
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    return await find(createReadStream(path, { highWaterMark: PORTION_BYTES, flags: flags as unknown as string }))
  } catch (cause) {
    return `its output cannot be read: ${(cause as Error).message}`
  }
}

/** Looks at whole lines, but for the end of a very long one, which cannot begin with the mark any more. */
async function find(portions: AsyncIterable<Buffer>): Promise<string | undefined> {
  let rest: Buffer = Buffer.alloc(0)
  let atLineStart = true
  for await (const portion of portions) {
    const bytes = rest.length === 0 ? portion : Buffer.concat([rest, portion])
    const end = bytes.lastIndexOf(NEWLINE) + 1
    const found = whyIn(bytes.subarray(0, end), atLineStart)
    if (found != null) return found
    atLineStart = end > 0 || atLineStart
    rest = bytes.subarray(end)
    if (rest.length <= MARK.length + MAX_WHY_BYTES) continue
    if (atLineStart && rest.indexOf(MARK) === 0) break
    atLineStart = false
    rest = Buffer.alloc(0)
  }
  return whyIn(rest, atLineStart)
}

function whyIn(bytes: Buffer, atLineStart: boolean): string | undefined {
  for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + 1)) {
    const begins = at === 0 ? atLineStart : bytes[at - 1] === NEWLINE
    const next = bytes[at + MARK.length]
    // ERROR is another word
    if (begins && (next == null || next <= 32)) return wordsFrom(bytes, at + MARK.length)
  }
  return undefined
}

function wordsFrom(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(NEWLINE, at)
  const words = bytes
    .subarray(at, Math.min(end < 0 ? bytes.length : end, at + MAX_WHY_BYTES))
    .toString('utf8')
    .trim()
  return words === '' ? 'no reason given' : words
}
