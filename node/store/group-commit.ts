/** Work that many ask for at the same time, and that serves all who asked before it began: an fsync of their common folder. */

interface Turn {
  running: Promise<void>
  /** Who asks while it runs waits for this one, which begins after it. */
  next?: Promise<void>
}

/** @returns `work`, done for each key by one at a time; whoever asks in the meantime shares the next turn with all others */
export function inTurns(work: (key: string) => Promise<void>): (key: string) => Promise<void> {
  const turns = new Map<string, Turn>()
  const begin = (key: string): Promise<void> => {
    const turn: Turn = { running: work(key) }
    turns.set(key, turn)
    const over = () => {
      if (turn.next == null) turns.delete(key)
    }
    turn.running.then(over, over)
    return turn.running
  }
  return key => {
    const turn = turns.get(key)
    if (turn == null) return begin(key)
    const after = () => begin(key)
    turn.next ??= turn.running.then(after, after)
    return turn.next
  }
}
