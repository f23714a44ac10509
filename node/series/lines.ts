/** A file in portions, as lines, whatever is in it: each is bounded, and has a string of its own, so that a part of it that is kept keeps nothing else. */
import { readSync } from 'node:fs'

const PORTION = 256 * 1024
/** Of a line; /proc/interrupts of 512 processors has 6 KiB. */
export const MAX_LINE_BYTES = 1024 * 1024
const NEWLINE = 10
const RETURN = 13

export interface LineSink {
  line(text: string, number: number): void
  /** The last one, without a line break: the program may have been killed while it wrote it. */
  cut(text: string, number: number): void
  /** A line with more bytes than MAX_LINE_BYTES. */
  tooLong(number: number): void
}

/** @param file a descriptor @param onPortion is called with the bytes of each portion; what it throws ends the reading */
export function readLines(file: number, sink: LineSink, onPortion: (bytes: number) => void = () => {}): void {
  let buffer = Buffer.allocUnsafe(PORTION)
  let held = 0
  let number = 1
  let isSkipping = false
  for (;;) {
    if (held === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2)
    const read = readSync(file, buffer, held, Math.min(PORTION, buffer.length - held), null)
    if (read === 0) break
    onPortion(read)
    const end = held + read
    let from = 0
    for (let at = buffer.indexOf(NEWLINE, held); at >= 0 && at < end; at = buffer.indexOf(NEWLINE, from)) {
      if (isSkipping) isSkipping = false
      else sink.line(textOf(buffer, from, at), number)
      number++
      from = at + 1
    }
    held = end - from
    buffer.copyWithin(0, from, end)
    if (held < MAX_LINE_BYTES) continue
    if (!isSkipping) sink.tooLong(number)
    isSkipping = true
    held = 0
  }
  if (held > 0 && !isSkipping) sink.cut(textOf(buffer, 0, held), number)
}

const textOf = (buffer: Buffer, from: number, to: number): string =>
  buffer.toString('utf8', from, to > from && buffer[to - 1] === RETURN ? to - 1 : to)
