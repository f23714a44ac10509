/** A block of lines on a terminal that is redrawn in place. */
import { createLogUpdate } from 'log-update'

interface Block {
  /** @param above whole lines to print above the block; they appear at the same time as the block */
  draw(text: string, above?: string): void
  /** Erases the block. */
  clear(): void
  /** Keeps the block on the screen and ends. */
  done(): void
}

/** Synchronized output: a terminal that supports it shows what is between these in one step. */
const [BEGIN, END] = ['\u001b[?2026h', '\u001b[?2026l']

export function createBlock(stream: NodeJS.WriteStream): Block {
  let held = ''
  // log-update erases the old block and draws the new one in two writes: the block would flicker
  const collect = {
    get columns() {
      return stream.columns
    },
    get rows() {
      return stream.rows
    },
    write: (text: string) => {
      held += text
    }
  }
  const block = createLogUpdate(collect as unknown as NodeJS.WriteStream)
  const flush = () => {
    if (held !== '') stream.write(`${BEGIN}${held}${END}`)
    held = ''
  }
  let lines = 0
  return {
    draw(text, above = '') {
      const now = text.split('\n').length
      // log-update 7.2 redraws only the lines that differ, as if none had moved
      if (now !== lines || above !== '') block.clear()
      held += above
      lines = now
      block(text)
      flush()
    },
    clear() {
      block.clear()
      flush()
    },
    done: () => block.done()
  }
}
