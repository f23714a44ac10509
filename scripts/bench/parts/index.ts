/** Every part, in the order in which they are measured: those that want the same mesh follow each other. */
import type { Bench } from '../bench.ts'
import type { Figure } from '../figure.ts'

/** One subject of the bench: a file and a line here. */
export interface Part {
  name: string
  about: string
  /** `measure` gives figures as they come, and registers with `bench.after` whatever it starts. */
  load(): Promise<{ measure(bench: Bench): AsyncGenerator<Figure> }>
}

export const parts: Part[] = [
  { name: 'footprint', about: 'memory of an idle daemon', load: () => import('./footprint.ts') },
  {
    name: 'phase',
    about: 'from command to certificate, and the processor time of all that take part',
    load: () => import('./phase.ts')
  },
  {
    name: 'barrier',
    about: 'a barrier that scripts of all members call',
    load: () => import('./barrier.ts')
  },
  { name: 'skew', about: 'how far apart members begin', load: () => import('./skew.ts') },
  { name: 'fan-in', about: 'every member sends 2 KiB at once', load: () => import('./fan-in.ts') },
  {
    name: 'observer',
    about: "what a daemon costs that is idle, and one in a run, with tools beside pbench's",
    load: () => import('./observer.ts')
  },
  {
    name: 'growth',
    about: 'a phase against the number of members',
    load: () => import('./growth.ts')
  },
  { name: 'rtt', about: 'round trips of a run, in namespaces', load: () => import('./rtt.ts') },
  { name: 'start-up', about: 'how soon a command answers and a daemon listens', load: () => import('./start-up.ts') },
  { name: 'lists', about: 'how soon ten thousand results are listed', load: () => import('./lists.ts') },
  {
    name: 'bulk',
    about: 'large transfers, from the end of the workload to the receipt',
    load: () => import('./bulk.ts')
  },
  { name: 'stage', about: 'a file to many peers at once', load: () => import('./stage.ts') },
  {
    name: 'load',
    about: 'requests of many clients, beside autocannon and wrk on the same nginx',
    load: () => import('./load.ts')
  },
  { name: 'jobs', about: 'a thousand jobs on eight peers, beside GNU parallel', load: () => import('./jobs.ts') },
  { name: 'series', about: 'what tools wrote, read into series', load: () => import('./series.ts') },
  {
    name: 'report',
    about: 'the page of a large run: made, its size, opened in a browser',
    load: () => import('./report.ts')
  }
]

export const partNames = parts.map(({ name }) => name)
