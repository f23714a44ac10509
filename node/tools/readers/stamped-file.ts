/** Files in which the texts of a source or of a program stand behind a line with the time of each: `# time 1796088814123.4 what`. */
import type { FileAbout, SeriesReader, Sink } from '../../series/reader.ts'

/** Of a line: what these programs print is short, and patterns may take long on a long one. */
const MAX_LINE = 64 * 1024
const STAMP = /^# time (\d+(?:\.\d+)?)(?: (.*))?$/

export interface StampedText {
  /** @param at ms since 1970 @param what what was asked, if the line says it */
  begin?(at: number, what: string): void
  line(at: number, text: string): void
  /** After the last line of each text. */
  end?(at: number): void
}

export function stampedFile(file: string, open: (sink: Sink, about: FileAbout) => StampedText): SeriesReader {
  return {
    files: [file],
    open(about, sink) {
      const text = open(sink, about)
      let at = Number.NaN
      return {
        line(line) {
          if (line.length > MAX_LINE) return sink.bad(`has ${line.length} characters`)
          const stamp = STAMP.exec(line)
          if (stamp != null) {
            if (!Number.isNaN(at)) text.end?.(at)
            at = Number(stamp[1])
            text.begin?.(at, stamp[2] ?? '')
          } else if (!Number.isNaN(at)) text.line(at, line)
          else if (line.trim() !== '') sink.bad('comes before the first time')
        },
        end() {
          if (!Number.isNaN(at)) text.end?.(at)
        }
      }
    }
  }
}
