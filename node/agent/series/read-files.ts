/** Reads the files of a job into one file of series. Runs in a thread: nothing waits for anything else meanwhile. */
import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { BakError, whyOf } from '../../../protocols/errors.ts'
import { cutRemark, MAX_REMARKS, type Remark } from '../../../protocols/series/series-file.ts'
import { SeriesWriter } from '../../../protocols/series/write-series.ts'
import { pcpDump } from '../../collectors/series/pcp-dump.ts'
import { prometheusDump } from '../../collectors/series/prometheus-dump.ts'
import { readLines } from '../../series/lines.ts'
import type { SeriesReader } from '../../series/reader.ts'
import { FileSink } from '../../series/sink.ts'
import { genericReading } from '../../tools/generic-reading.ts'
import { readers } from '../../tools/readers/index.ts'
import { intervalReaders } from '../../work/intervals/index.ts'
import type { CollectedRef, FileToRead, SeriesJob, SeriesMade } from './job.ts'

/** A tool may have left a link or a pipe in the place of a file. */
const OPEN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** What ends the reading of a file from outside of its reader. */
class TimeIsUp extends Error {}

/** @param onAlive is told which file is read, before each of its portions @throws whatever keeps the file of series from being written */
export function readFiles(job: SeriesJob, onAlive: (file: number) => void = () => {}): SeriesMade {
  const until = performance.now() + job.time
  const writer = new SeriesWriter(job.output, job.info)
  const remarks: Remark[] = [...job.remarks]
  const givenUp = new Map(job.givenUp)
  let bytes = 0
  try {
    for (const [i, file] of job.files.entries()) {
      const why = givenUp.get(i)
      if (why != null) {
        remarks.push({ file: file.shown, why })
        continue
      }
      onAlive(i)
      const onPortion = (read: number) => {
        bytes += read
        onAlive(i)
        if (performance.now() > until) throw new TimeIsUp('was not read any further: the time for it was over')
      }
      remarks.push(...readFile(file, { writer, offset: job.info.clock.offset, onPortion }))
    }
    const { left } = writer
    const beyond = [left.series > 0 && `${left.series} series`, left.points > 0 && `${left.points} points`]
    for (const what of beyond.filter(each => each !== false)) remarks.push({ file: '', why: `${what} are too many` })
    const cut = cutRemarks(remarks)
    return { ...writer.finish(cut), bytes, remarks: cut }
  } catch (cause) {
    writer.abort()
    throw cause
  }
}

interface Target {
  writer: SeriesWriter
  offset: number
  onPortion(bytes: number): void
}

function readFile({ path, shown, about, reader: ref }: FileToRead, { writer, offset, onPortion }: Target): Remark[] {
  const sink = new FileSink(writer, { tool: about.tool, offset })
  const remarks: Remark[] = []
  let file: number | undefined
  try {
    file = openSync(path, OPEN)
    if (!fstatSync(file).isFile()) return [{ file: shown, why: 'is no file' }]
    const reader = readerOf(ref, about.tool).open(about, sink)
    readLines(
      file,
      {
        line(text, number) {
          sink.line = number
          reader.line(text, number)
        },
        cut(text, number) {
          sink.line = number
          if (reader.cut != null) reader.cut(text, number)
          else remarks.push({ file: shown, line: number, lines: 1, why: 'its last line has no end' })
        },
        tooLong: number => void remarks.push({ file: shown, line: number, lines: 1, why: 'a line is too long' })
      },
      onPortion
    )
    reader.end?.()
  } catch (cause) {
    // what is wrong with the file that is written
    if (cause instanceof BakError) throw cause
    const why = cause instanceof TimeIsUp ? cause.message : `cannot be read any further: ${whyOf(cause)}`
    remarks.push({ file: shown, ...(sink.line > 0 ? { line: sink.line } : {}), why })
  } finally {
    if (file != null) closeSync(file)
  }
  const { badLines: bad } = sink
  return [...(bad == null ? [] : [{ file: shown, line: bad.first, lines: bad.lines, why: bad.why }]), ...remarks]
}

function readerOf(ref: FileToRead['reader'], tool: string): Pick<SeriesReader, 'open'> {
  if ('collected' in ref) return collectedReader(ref)
  if ('workload' in ref) return intervalReaders[ref.workload] as SeriesReader
  if ('reading' in ref) return genericReading(ref.reading, tool)
  return (readers[ref.tool] as SeriesReader[])[ref.at] as SeriesReader
}

const collectedReader = ({ collected, drop }: CollectedRef): Pick<SeriesReader, 'open'> =>
  collected === 'pcp' ? pcpDump : prometheusDump(new Set(drop))

/** As many as a file may have, each as long as it may be. */
function cutRemarks(remarks: Remark[]): Remark[] {
  const cut = remarks.slice(0, remarks.length > MAX_REMARKS ? MAX_REMARKS - 1 : MAX_REMARKS).map(cutRemark)
  const more = remarks.length - cut.length
  return more === 0 ? cut : [...cut, { file: '', why: `and ${more} more remarks` }]
}
