/** Writes to a terminal or a pipe, whose reader may be slow or gone. */
import { styleText } from 'node:util'

/** Writes, and waits for a slow reader, but not for one that has closed its end. */
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

/** Replaces control characters: text of another peer must not control the terminal. */
export const cleanLine = (text: string) => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]+/g, ' ')

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'
/** Colours a text if the terminal shows colours. */
export type Paint = (style: Style, text: string) => string

/** @returns a function that colours text for a stream, if that is a terminal with colours */
export function painterOf(stream: NodeJS.WriteStream): Paint {
  return (style, text) => styleText(style, text, { stream, validateStream: true })
}
