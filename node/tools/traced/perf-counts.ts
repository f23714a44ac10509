/** Tools that count events by `perf stat`, and what it prints as CSV with the time of day. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { csvLine } from '../../../protocols/csv.ts'
import { observingProgram, type Wanted } from '../observing-program.ts'
import { inOwnMounts, whyNever, whyNotNow } from './own-mounts.ts'
import { tryEvents, whyNoEvents } from './perf-access.ts'
import { areEvents, STAT_WORDS } from './perf-words.ts'

/** perf stat accepts no shorter interval. */
const LEAST_MS = 10

interface Counting {
  name: string
  summary: string
  events: string
  /** They are those of the kernel's tracepoints, of which this one is tried out for all. */
  tracepoint?: string
  /** @returns why there is nothing to count */
  whyNot?(): string | undefined
}

export function perfCounts({ name, summary, events, tracepoint, whyNot: whyNothing }: Counting) {
  const raw = `${name}.txt`
  return observingProgram({
    ...{ name, summary, size: 64 },
    needs: {
      ...{ program: 'perf', debian: 'linux-perf', fedora: 'perf' },
      privilege: 'root, or kernel.perf_event_paranoid below 1; root for tracepoints'
    },
    settings: [
      {
        name: 'events',
        type: 'string',
        noPath: true,
        default: events,
        summary: 'what is counted, with commas between them',
        check: text => (areEvents(text) ? undefined : 'expected names of events, as perf list prints them')
      }
    ],
    files: [
      {
        name: `${name}.csv`,
        what: 'time in ms since 1970, then place, value, unit, event, share of the time counted in percent'
      },
      { name: raw, what: 'the same as perf stat prints it' }
    ],
    known: STAT_WORDS,
    argv: wanted => [
      ...['perf', 'stat', '-x;', '-I', `${periodOf(wanted)}`, '-o', raw, '-e', `${wanted.values.events}`],
      ...whoOf(wanted)
    ],
    asStarted: argv => inOwnMounts('tracefs', argv),
    output: raw,
    // the kernel waits for all processors at each tracepoint that it lets go: 3.5 s for those of KVM, on 2 processors
    grace: 15_000,
    versionFlag: '--version',
    async whyNot(_, words) {
      return (
        whyNothing?.() ??
        (isOfSome(words) ? undefined : whyNoEvents()) ??
        (tracepoint == null ? undefined : whyNever('tracefs'))
      )
    },
    async tryOut(wanted) {
      const lacks = tracepoint == null ? undefined : await whyNotNow('tracefs')
      if (lacks != null) return lacks
      const tried = tracepoint != null && wanted.values.events === events ? tracepoint : `${wanted.values.events}`
      const { why, unsupported } = await tryEvents([...whoOf(wanted), '-e', tried])
      if (why != null) return why
      return unsupported.length === 0 ? undefined : { partly: `this machine does not count ${unsupported.join(', ')}` }
    },
    async finish({ folder }, _, began) {
      const text = await readFile(join(folder, raw), 'utf8').catch(() => '')
      await writeFile(join(folder, `${name}.csv`), countsAsCsv(text, began), { flag: 'wx' }).catch(() => {})
      return []
    }
  })
}

const periodOf = ({ interval }: Wanted) => Math.max(LEAST_MS, Math.round(interval * 1000))

/** Of processes, which may be the user's own. */
const isOfSome = (words: string[]) => words.some(word => /^(-[pt]|--(pid|tid))/.test(word))

/** All processors, unless the user says whom. */
const whoOf = ({ words }: Wanted) =>
  words.some(word => /^(-[apCt]|--(all-cpus|pid|cpu|tid))/.test(word)) ? words : ['-a', ...words]

/** @param began ms since 1970, within some ms of when perf began to count @param text what `perf stat -x; -I` prints. Pure. */
export function countsAsCsv(text: string, began: number): string {
  const rows = text.split('\n').flatMap(line => {
    const [at = '', ...fields] = line.trim().split(';')
    const seconds = Number(at)
    if (at === '' || !Number.isFinite(seconds) || fields.length < 5) return []
    const from = placesIn(fields)
    const [value = '', kind = '', event = '', , share = ''] = fields.slice(from)
    return [csvLine([(began + seconds * 1000).toFixed(1), fields.slice(0, from).join(' '), value, kind, event, share])]
  })
  return `time,place,value,unit,event,share\n${rows.map(row => `${row}\n`).join('')}`
}

/** With -A the processor comes first; with --per-core and its like the place, and the number of processors there. */
function placesIn([first = '']: string[]): number {
  if (/^[\d.]+$|^<not /.test(first)) return 0
  return /^[SN]\d+/.test(first) ? 2 : 1
}
