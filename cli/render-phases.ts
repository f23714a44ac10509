/** Phases as the live block shows them: those of a schedule of tasks, of which there may be hundreds, as one. Pure. */
import type { PhaseLine } from './progress.ts'

export interface FoldedLine extends PhaseLine {
  /** `3`, `1-5`: elements of the schedule. */
  elements?: string
}

/** @returns elements that follow each other and went well as one phase, with the time of all */
export function foldTasks(lines: PhaseLine[]): FoldedLine[] {
  const folded: FoldedLine[] = []
  let first = 0
  for (const line of lines) {
    const before = folded.at(-1)
    const { element } = line
    if (element == null) folded.push(line)
    else if (before != null && isQuiet(before) && isQuiet(line)) {
      const elements = element === first ? `${first}` : `${first}-${element}`
      folded[folded.length - 1] = { ...line, part: 'tasks', elements, took: (before.took ?? 0) + (line.took ?? 0) }
    } else {
      first = element
      folded.push({ ...line, elements: `${element}` })
    }
  }
  return folded
}

/** Its element is over, all members answered, and nothing failed. */
const isQuiet = ({ element, state, failure, ok, asked }: PhaseLine) =>
  element != null && state === 'met' && failure == null && ok >= asked
