/** A block of lines on a terminal that is redrawn in place. */
import { createLogUpdate } from 'log-update'

/** A block of lines on a terminal that is drawn again in its place, with what is printed above it. */
export interface Block {
  /** @param above whole lines that stay; they and the block appear at once */
  draw(text: string, above?: string): void
  /** Takes the block away. */
  clear(): void
  /** Leaves it where it is. */
  done(): void
}

/** A terminal shows what stands between these at once, if it knows them. */
const [BEGIN, END] = ['\u001b[?2026h', '\u001b[?2026l']

export function createBlock(stream: NodeJS.WriteStream): Block {
  let held = ''
  // taking the old block away and drawing the new one are two writes of log-update's: between them nothing would be there
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
      // log-update 7.2 redraws what differs as if no line had moved
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
