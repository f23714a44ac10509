/**
 * A member's series: when a sample or the run is over for it, before what its tools wrote is packed, that is read into one file of series.
 * What cannot be read is a warning; the output of the tools is there all the same, and nothing of it is touched.
 */
import { existsSync } from 'node:fs'
import { appendFile, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { cleanLine } from '../../../protocols/clean-line.ts'
import { asBakError } from '../../../protocols/errors.ts'
import { cutText } from '../../../protocols/fields.ts'
import { persistentSeriesFolder, SERIES_FILE, seriesFolder, stepFolder } from '../../../protocols/layout.ts'
import type { Step } from '../../../protocols/phase.ts'
import type { Remark } from '../../../protocols/series/series-file.ts'
import type { MemberState } from '../member-state.ts'
import type { PhaseParts } from '../phases/phase.ts'

/** Of the time in which a member must have begun to send, this part; and never longer than that many ms. */
const SHARE_OF_SEND = 0.5
const MAX_TIME_MS = 300_000
/** A result may name few. */
const MAX_WARNINGS = 4

/** For a member whose run is over at once. */
export type SeriesParts = Pick<PhaseParts, 'supervisor' | 'log'>

/**
 * Makes `series.parquet` of a sample, or of the persistent tools where no step is given, once. Where no tool left numbers there is none.
 * @returns warnings
 * @throws {BakError} the reason of the signal, if it aborts: the next one makes it anew
 */
export async function makeMemberSeries(
  member: MemberState,
  step: Step | undefined,
  { supervisor, log }: SeriesParts,
  signal: AbortSignal
): Promise<string[]> {
  const folder = step == null ? persistentSeriesFolder(member.name) : seriesFolder(step, member.name)
  if (member.offer.series !== true) return []
  // nothing ran here: each look by the thread pool would wake threads on a machine that is measured
  if (step != null && !existsSync(join(member.data, stepFolder(step)))) return []
  const done = join(member.folder, 'series.done')
  // what was packed but for files that could not be is not read once more
  if ((await readFile(done, 'utf8').catch(() => '')).split('\n').includes(folder)) return []
  const scratch = join(member.folder, 'series')
  try {
    const remarks = await make({ member, step, supervisor, signal, folder, scratch })
    await appendFile(done, `${folder}\n`)
    return warningsOf(remarks)
  } catch (cause) {
    signal.throwIfAborted()
    const { message, code } = asBakError(cause)
    log.warn('no series', { run: member.run, folder, code, why: message })
    return [cutText(`no series of what the tools measured: ${cleanLine(message)}`)]
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

interface Making extends Pick<SeriesParts, 'supervisor'> {
  member: MemberState
  step: Step | undefined
  signal: AbortSignal
  /** Where the file belongs in the result. */
  folder: string
  scratch: string
}

async function make({ member, step, supervisor, signal, folder, scratch }: Making): Promise<Remark[]> {
  // an idle daemon has no use for it
  const [{ findFiles }, { findWorkloadFiles }] = await Promise.all([
    import('./find-files.ts'),
    import('./find-workload-files.ts')
  ])
  const { spec } = member.offer
  const { data, name, tools, changes, toolsBegan: began, clock } = member
  const given = [...tools, ...(changes?.attached ?? [])]
  const ofTools = findFiles({ data, member: name, step, tools: given, interval: spec.interval, began })
  const ofWork = step == null ? { files: [], remarks: [] } : findWorkloadFiles({ data, member: name, step, spec })
  const found = [...ofTools, ...ofWork.files]
  if (found.length === 0) return ofWork.remarks
  const time = Math.min(spec.policy.send_timeout * 1000 * SHARE_OF_SEND, MAX_TIME_MS)
  const until = performance.now() + time
  await rm(scratch, { recursive: true, force: true })
  await mkdir(scratch, { recursive: true })
  const { convertFiles } = await import('./convert-files.ts')
  const { files, remarks } = await convertFiles(found, { supervisor, folder: scratch, time: time / 2, signal })
  const { makeSeries } = await import('./series-thread.ts')
  const output = join(scratch, SERIES_FILE)
  const processors = availableParallelism()
  const first = Math.min(...found.map(each => each.about.began))
  const made = await makeSeries(
    {
      info: { run: member.run, member: name, step, clock, began: first - clock.offset },
      files: files.map(each => ({ ...each, about: { ...each.about, processors, offset: clock.offset } })),
      ...{ output, givenUp: [], remarks: [...ofWork.remarks, ...remarks], time: until - performance.now() }
    },
    signal
  )
  if (made.points === 0 && made.remarks.length === 0) return []
  await mkdir(join(data, folder), { recursive: true })
  await rename(output, join(data, folder, SERIES_FILE))
  return made.remarks
}

/** `series: tools-default/proc/stat.txt, line 7 and 3 more: has two columns` */
export function warningsOf(remarks: Remark[]): string[] {
  const shown = remarks.slice(0, MAX_WARNINGS).map(({ file, line, lines = 1, why }) => {
    const where = [file === '' ? undefined : file, line == null ? undefined : `line ${line}`].filter(
      each => each != null
    )
    const more = lines > 1 ? ` and ${lines - 1} more` : ''
    return cutText(cleanLine(`series: ${where.join(', ')}${more}${where.length === 0 ? '' : ': '}${why}`))
  })
  const more = remarks.length - shown.length
  return more === 0 ? shown : [...shown, `series: ${more} more, in bak.remarks of ${SERIES_FILE}`]
}
