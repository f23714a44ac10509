import { createLogUpdate } from 'log-update'

/** A block of lines on a terminal that is drawn again in its place. */
export function createBlock(stream: NodeJS.WriteStream): { draw(text: string): void; clear(): void; done(): void } {
  const block = createLogUpdate(stream)
  let lines = 0
  return {
    draw(text) {
      const now = text.split('\n').length
      // log-update 7.2 redraws what differs as if no line had moved
      if (now !== lines) block.clear()
      lines = now
      block(text)
    },
    clear: () => block.clear(),
    done: () => block.done()
  }
}
