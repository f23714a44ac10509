/** Writes to a terminal or a pipe, whose reader may be slow or gone. */
import { styleText } from 'node:util'
import { cleanLine, OBEYED } from '../protocols/clean-line.ts'
import { escapeRaw } from '../protocols/file-names.ts'
import { type OutputBytes, unwrapOutput } from '../protocols/output-bytes.ts'
import { formatNote } from '../protocols/text-table.ts'

export { cleanJson, cleanLine } from '../protocols/clean-line.ts'

/** Writes messages to stderr, on a terminal broken at spaces; a path stays in one piece, so that it can be copied. */
export async function writeNotes(lines: string[]): Promise<void> {
  const { isTTY, columns } = process.stderr
  for (const line of lines) {
    const note = isTTY && !line.startsWith('/') ? formatNote(line, columns || 80) : cleanLine(line)
    await writeTo(process.stderr, `${note}\n`)
  }
}

/** Writes, and waits for a slow reader, but not for one that has closed its end. */
export function writeTo(stream: NodeJS.WriteStream, text: string | Uint8Array): Promise<void> {
  if (text.length === 0 || stream.destroyed || stream.write(text)) return Promise.resolve()
  return new Promise(resolve => {
    const events = ['drain', 'close', 'error']
    const done = () => {
      for (const event of events) stream.off(event, done)
      resolve()
    }
    for (const event of events) stream.on(event, done)
  })
}

const obeyed = new RegExp(`[${OBEYED}]`)
/** What a terminal would obey, but for the ends of lines and tabs. */
const isObeyed = (character: string) => character !== '\n' && character !== '\t' && obeyed.test(character)

/** @returns output as text for a terminal: control characters and bytes that are no UTF-8 as `\x1b`; a carriage return ends a line */
export const visibleOutput = (portion: OutputBytes): string =>
  escapeRaw(unwrapOutput(portion).toString('latin1').replace(/\r\n?/g, '\n'), isObeyed)

/** Writes output of a workload: the bytes that it wrote, except to a terminal. */
export const writeOutput = (stream: NodeJS.WriteStream, portion: OutputBytes): Promise<void> =>
  writeTo(stream, stream.isTTY ? visibleOutput(portion) : unwrapOutput(portion))

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'blue' | 'magenta'
/** A part of a line, coloured or not. */
export type Piece = string | [Style, string]
/** Colours a text if the terminal shows colours. */
export type Paint = (style: Style, text: string) => string

/** @returns a function that colours text for a stream, if that is a terminal with colours */
export function painterOf(stream: NodeJS.WriteStream): Paint {
  return (style, text) => styleText(style, text, { stream, validateStream: true })
}
