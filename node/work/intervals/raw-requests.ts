/** `samples.csv` of the driver of load: each request of its clients at the time at which it ended. */
import { splitCsv } from '../../../protocols/csv.ts'
import { RAW_SAMPLES_FILE } from '../../../protocols/tasks/task.ts'
import type { SeriesReader } from '../../series/reader.ts'
import { plainNumber } from '../results/units.ts'
import { RAW_COLUMNS, RAW_HEADER } from '../tasks/raw-lines.ts'
import { KeptPuts } from './kept-puts.ts'

const METRICS = ['latency', 'service', 'processing'] as const
/** Clients that have series of their own: with more of them one has few requests. */
const MAX_CLIENTS = 256
const OTHERS = 'other'

const placeOf = (column: (typeof RAW_COLUMNS)[number]) => RAW_COLUMNS.indexOf(column)
const [TIME, TASK, CLIENT, TYPE] = [placeOf('time'), placeOf('task'), placeOf('client'), placeOf('type')]
const PLACES = METRICS.map(placeOf)

export const rawRequests: SeriesReader = {
  files: [RAW_SAMPLES_FILE],
  open(_, sink) {
    const puts = new KeptPuts(sink)
    const clients = new Set<string>()
    // a workload may have a file of this name with other columns
    let isOurs = false
    return {
      line(text, number) {
        if (number === 1) isOurs = text === RAW_HEADER
        if (!isOurs || number === 1) return
        const cells = splitCsv(text) ?? []
        const [time, task, client, type] = [plainNumber(cells[TIME]), cells[TASK], cells[CLIENT], cells[TYPE]]
        if (time == null || task == null || client == null || type == null)
          return sink.bad('expected a request of a client')
        if (clients.size < MAX_CLIENTS) clients.add(client)
        const labels = { client: clients.has(client) ? client : OTHERS, task, type }
        const key = `${labels.client},${task},${type}`
        for (const [at, metric] of METRICS.entries())
          puts.put(metric, 'ms', time, plainNumber(cells[PLACES[at] ?? -1]), labels, key)
      }
    }
  }
}
