/** What was measured on a member, of all its files of series, without the points. */
import { basename } from 'node:path'
import { asBakError } from '../../protocols/errors.ts'
import { openSeries } from '../../protocols/series/read-series.ts'
import { type SeriesInfo, seriesKey } from '../../protocols/series/series-file.ts'

/** What is not on the page: of which member, in which file, and why. */
export type Unread = [member: string, file: string, why: string]

export interface MemberIndex {
  member: string
  /** In the order of their times; those that cannot be read are left out. */
  files: Array<{ path: string; mostPoints: number }>
  /** By key: a series of several samples once, `count` and `mean` of all of them. */
  series: Map<string, SeriesInfo>
  /** What could not be read. */
  unread: Unread[]
}

/** @param paths of the files of one member, those of samples in the order in which they were taken */
export async function indexMember(member: string, paths: string[]): Promise<MemberIndex> {
  const index: MemberIndex = { member, files: [], series: new Map(), unread: [] }
  for (const path of paths) {
    try {
      const file = await openSeries(path)
      try {
        for (const each of file.series) merge(index.series, each)
        for (const { file: name, line, why } of file.info.remarks)
          index.unread.push([member, `${name}${line == null ? '' : `:${line}`}`, why])
        const mostPoints = file.series.reduce((most, { count }) => Math.max(most, count), 0)
        if (mostPoints > 0) index.files.push({ path, mostPoints })
      } finally {
        await file.close()
      }
    } catch (cause) {
      index.unread.push([member, basename(path), asBakError(cause).message])
    }
  }
  return index
}

function merge(known: Map<string, SeriesInfo>, next: SeriesInfo): void {
  const key = seriesKey(next)
  const before = known.get(key)
  if (before == null) return void known.set(key, next)
  const count = before.count + next.count
  known.set(key, {
    ...before,
    min: Math.min(before.min, next.min),
    max: Math.max(before.max, next.max),
    mean: (before.mean * before.count + next.mean * next.count) / Math.max(1, count),
    last: next.last,
    count
  })
}
