/** What a search tried and found, as a report shows it. Pure. */
import type { RunRecord } from '../../../protocols/record.ts'
import { describeKnee } from '../../../protocols/tasks/knee.ts'
import { gridOf } from '../../../protocols/tasks/search-grid.ts'
import { splitParameter } from '../../../protocols/tasks/task-parameters.ts'
import type { SearchData } from './tasks-data.ts'

/** @param iterations those of which there is anything @returns nothing of a run without a search */
export function searchIn(
  { spec: { search }, knee }: Pick<RunRecord, 'spec' | 'knee'>,
  iterations: Array<{ number: number }>
): SearchData | undefined {
  if (search == null || knee == null) return undefined
  const grid = gridOf(search)
  const values = iterations.flatMap(({ number }, iteration) => {
    const value = grid[number - 1]
    return value == null ? [] : [{ iteration, value }]
  })
  const { parameter, holds, breaks } = knee
  return {
    ...{ task: splitParameter(parameter)?.task ?? '', parameter, words: describeKnee(knee) },
    values: values.sort((a, b) => a.value - b.value),
    ...(holds == null ? {} : { holds: holds.value }),
    ...(breaks == null ? {} : { breaks: breaks.value })
  }
}
