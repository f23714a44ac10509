/** Whether a file of series is of the place in which it lies: a member could send that of another sample once more. Pure. */
import { isRunId } from '../fields.ts'
import { parseResultPath, stepFolder } from '../layout.ts'
import type { SeriesFileInfo } from './series-file.ts'

/** Folders and the name of such a file within a result, where it is deepest. */
const DEEPEST = 5

/** @param path of the file @returns what it is of instead; undefined where it is right, and for a path that is of no result */
export function whyElsewhere(
  path: string,
  { run, member, step }: Pick<SeriesFileInfo, 'run' | 'member' | 'step'>
): string | undefined {
  const parts = path.split(/[\\/]/)
  for (let length = DEEPEST; length > 2; length--) {
    const within = parts.slice(-length)
    const place = parseResultPath(within.join('/'))
    if (place == null) continue
    const [result = ''] = parts.slice(-length - 1, -length)
    if (isRunId(result) && run !== result) return `is of run ${run}`
    const owner = place.kind === 'collector' ? place.rest.split('/')[0] : 'member' in place ? place.member : undefined
    if (owner != null && member !== owner) return `is of member ${member}`
    const own = step == null ? undefined : stepFolder(step)
    const expected = 'step' in place ? stepFolder(place.step) : undefined
    if (own !== expected) return own == null ? 'is of persistent tools' : `is of ${own}`
    return undefined
  }
  return undefined
}
