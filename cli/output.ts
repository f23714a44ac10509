/** Writing to the terminal or the pipe that somebody reads, or has stopped to read. */
import { styleText } from 'node:util'

/** Writes, and waits for a slow reader; one that is gone is not waited for. */
export function writeTo(stream: NodeJS.WriteStream, text: string): Promise<void> {
  if (text === '' || stream.destroyed || stream.write(text)) return Promise.resolve()
  return new Promise(resolve => {
    const events = ['drain', 'close', 'error']
    const done = () => {
      for (const event of events) stream.off(event, done)
      resolve()
    }
    for (const event of events) stream.on(event, done)
  })
}

let onBrokenPipe = () => process.exit(0)

/** `bak ls | head -1` ends without a word. */
export function setQuietOnBrokenPipe(): void {
  process.stdout.on('error', error => failWrite(error))
  process.stderr.on('error', () => {})
}

/** A run is followed to its end, and its exit status counts, whoever still reads. */
export function goOnAfterBrokenPipe(): void {
  onBrokenPipe = () => undefined as never
}

function failWrite(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  onBrokenPipe()
}

/** A peer's words must not steer the terminal. */
export const cleanLine = (text: string) => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]+/g, ' ')

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'
/** Colours a text, or not. */
export type Paint = (style: Style, text: string) => string

/** @returns a painter for a stream: colours only on a terminal that wants them */
export function painterOf(stream: NodeJS.WriteStream): Paint {
  return (style, text) => styleText(style, text, { stream, validateStream: true })
}
