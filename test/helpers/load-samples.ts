/**
 * Requests of the clients of a task, as a driver would have measured them: each client has one request outstanding at most, latency counts from
 * when a request was due. The same for the same seed.
 */
import { randomFrom } from '../../protocols/random.ts'

export interface TaskShape {
  task: string
  operation?: string
  parallel?: string
  clients: number
  /** Requests a second of all clients together; left out, each sends as fast as it can. */
  rate?: number
  /** Whose samples are not counted, of the seconds of the element. */
  warmup?: number
  /** Median of the service time, ms. */
  service: number
  /** Share of requests that fail. */
  failing?: number
  unit?: string
  /** Operations of one request. */
  weight?: number
  targets?: string[]
  ended?: 'schedule' | 'completed' | 'cut'
}

/** A server that answers nobody for a while: at this second of the element, for so many ms. */
export interface Stall {
  at: number
  ms: number
}

/** Times are ms since the begin of the element. */
export interface Sample {
  client: number
  due: number
  sent: number
  ended: number
  warmup: boolean
  failed?: string
  target?: string
}

export interface SampleOptions {
  seconds: number
  seed: number
  /** How much longer each request takes. */
  slower?: number
  stall?: Stall | undefined
}

const KINDS = ['status 503', 'ECONNRESET', 'timeout']

/** @returns in the order in which they ended */
export function samplesOf(shape: TaskShape, options: SampleOptions): Sample[] {
  const random = randomFrom(options.seed)
  const samples = Array.from({ length: shape.clients }, (_, client) => ofClient(shape, options, client, random)).flat()
  return samples.sort((one, other) => one.ended - other.ended)
}

function ofClient(
  { clients, rate, warmup = 0, service, failing = 0, targets = [] }: TaskShape,
  { seconds, slower = 1, stall }: SampleOptions,
  client: number,
  random: () => number
): Sample[] {
  const samples: Sample[] = []
  const every = rate == null ? 0 : (1000 * clients) / rate
  let due = (every * client) / clients
  let free = 0
  while (due < seconds * 1000) {
    const sent = Math.max(due, free)
    const [from, until] = stall == null ? [0, 0] : [stall.at * 1000, stall.at * 1000 + stall.ms]
    let took = slower * service * Math.exp(0.35 * normal(random))
    // a hundredth of all requests meets something slow
    if (random() < 0.01) took *= 4 + 6 * random()
    if (sent + took > from && sent < until) took += until - Math.max(from, sent)
    const failed = random() < failing ? { failed: KINDS[Math.floor(random() ** 2 * KINDS.length)] as string } : {}
    const target = targets[client % targets.length]
    const about = target == null ? failed : { ...failed, target }
    samples.push({
      client,
      due: every === 0 ? sent : due,
      sent,
      ended: sent + took,
      warmup: due < warmup * 1000,
      ...about
    })
    free = sent + took
    due = every === 0 ? free : due + every
  }
  return samples
}

/** Two uniform numbers make one that is normally distributed (Box and Muller). */
const normal = (random: () => number) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
