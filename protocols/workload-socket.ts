/**
 * What a workload says to its socket (BAK_SOCK), and what it hears: lines that `nc -U` can speak, too. docs/scripts.md has them for people.
 *
 * A request is one line: the call and its words, with a space between each two. Of `publish` and `put` the value is the rest of the line, in
 * which `\n` stands for a line feed and `\\` for a backslash. An answer is one line that begins with `ok` or `error STATUS`, for some calls after
 * lines `message`, `cut` or `missing`. Requests of one connection are answered in turn; `quit` ends it.
 */
import { MAX_VALUE_BYTES } from './calls.ts'
import { BakError } from './errors.ts'

/** The calls, in the order of their help. */
export const CALLS = ['barrier', 'publish', 'subscribe', 'put', 'get', 'period', 'sample'] as const
export type CallName = (typeof CALLS)[number]

/** A value of line feeds only is twice as long when it is escaped. */
export const MAX_LINE_BYTES = 2 * MAX_VALUE_BYTES + 1024

/** Seconds that `barrier` and `get` wait unless they are told otherwise. */
export const DEFAULT_WAIT_S = 300

/** How each is called. */
export const USAGE: Record<CallName, string> = {
  barrier: 'barrier NAME [--group GROUP] [--count N] [--timeout SECONDS]',
  publish: 'publish NAME [VALUE]',
  subscribe: 'subscribe NAME [--count N] [--timeout SECONDS]',
  put: 'put KEY VALUE',
  get: 'get KEY [--timeout SECONDS]',
  period: 'period begin|end NAME',
  sample: 'sample NAME VALUE [UNIT] [more|less] [sum|mean|max]'
}

const MEANING: Record<string, number> = { '\\': 0x5c, n: 0x0a, r: 0x0d, t: 0x09, '0': 0 }

/** @param text bytes, a character each @throws {BakError} `usage` for an escape that has no meaning */
export function unescapeValue(text: string): Uint8Array {
  const out = Buffer.alloc(text.length)
  let length = 0
  for (let at = 0; at < text.length; at++) {
    let byte: number | undefined = text.charCodeAt(at)
    if (text[at] === '\\') {
      byte = MEANING[text[++at] ?? '']
      if (byte == null)
        throw new BakError('usage', `\\${text[at] ?? ''} has no meaning in a value: a backslash is \\\\`)
    }
    out[length++] = byte
  }
  return new Uint8Array(out.subarray(0, length))
}

/** @returns bytes, a character each */
export const escapeValue = (value: Uint8Array): string =>
  Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    .toString('latin1')
    .replace(/[\\\n]/g, found => (found === '\n' ? '\\n' : '\\\\'))
