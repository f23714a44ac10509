/** Files of the tool `sched`: what the scheduler counts of each processor, and the tasks that each has. */
import type { Put } from '../../series/reader.ts'
import { type Column, csvFile, rowsAbout } from './csv-file.ts'
import { keptIn } from './kept.ts'
import { stampedFile } from './stamped-file.ts'

/** Ns in a second, of a thousand million, in percent: run by tasks, or waited by all that could run. */
const share = (metric: string): Column => ({ metric, unit: '%', scale: 1e-7, isCounter: true })

function columnOf(name: string): Column | undefined {
  if (name === 'legacy') return undefined
  if (name === 'run_time') return share('sched.run')
  if (name === 'wait_time') return share('sched.wait')
  return { metric: `sched.${name}`, unit: '/s', isCounter: true }
}

const schedstat = csvFile('schedstat.csv', (names, sink) => {
  const row = rowsAbout({ cpu: 'cpu' }, columnOf, names, sink)
  return (at, cells) => row(at, [cells[0] as string, cells[1]?.replace(/^cpu/, '') ?? '', ...cells.slice(2)])
})

/** Of the section of each processor, which further sections follow. */
const debug = stampedFile('sched-debug.txt', sink => {
  const known = new Map<string, Put>()
  let cpu: string | undefined
  return {
    begin() {
      cpu = undefined
    },
    line(at, text) {
      const [, name] = /^cpu#(\d+)/.exec(text) ?? []
      if (name != null || (text !== '' && !text.startsWith(' '))) cpu = name
      const [, key, value] = /^ {2}\.(nr_running|nr_switches)\s*: (\d+)$/.exec(text) ?? []
      if (cpu == null || key == null) return
      const labels = { cpu }
      const put = keptIn(known, `${key} ${cpu}`, () =>
        key === 'nr_running'
          ? sink.gauge('run.running', labels, 'tasks')
          : sink.counter('context.switches', labels, '/s')
      )
      put(at, Number(value))
    }
  }
})

export const sched = [schedstat, debug]
