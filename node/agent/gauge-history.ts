/** What this machine needed for the load of the tool `gauge` before: a bounded file in the home. */
import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { count, instant, list, text } from '../../protocols/fields.ts'
import { table } from '../../protocols/free-keys.ts'
import { GAUGE_VERSION, type Gauged, type GaugeTimes, gaugeTimes, median } from '../../protocols/gauge.ts'
import { InTurn } from '../in-turn.ts'
import type { Log } from '../log.ts'
import { writeAtomic } from '../store/atomic.ts'

/** Samples of one kind of processor: enough for weeks, so that a bad night does not become what is usual. */
const MAX_SAMPLES = 200
/** A machine whose processors change is a guest that was moved. */
const MAX_MODELS = 8

const sample = v.object({ at: instant, ...gaugeTimes.entries })
const history = v.object({ version: count, models: table(text, list(sample, MAX_SAMPLES)) })
type History = v.InferOutput<typeof history>

export class GaugeHistory {
  readonly #path: string
  readonly #log: Pick<Log, 'warn'>
  readonly #turn = new InTurn()
  #known: Promise<History> | undefined

  constructor(path: string, log: Pick<Log, 'warn'>) {
    this.#path = path
    this.#log = log
  }

  /** @returns the medians of what a processor of this model did here before; undefined if it is the first time. Never rejects. */
  async usual(model: string): Promise<Gauged['usual']> {
    const samples = (await this.#read()).models[keyOf(model)] ?? []
    if (samples.length === 0) return undefined
    const of = (kind: keyof GaugeTimes) => median(samples.map(each => each[kind]))
    return { integer: of('integer'), memory: of('memory'), disk: of('disk'), samples: samples.length }
  }

  /** A sample is over. Never rejects: what cannot be stored is logged. */
  add(model: string, at: number, times: GaugeTimes): Promise<void> {
    // runs that end at once each add to what the other has added
    return this.#turn.run(() => this.#add(model, { at, ...times }))
  }

  async #add(model: string, { at, integer, memory, disk }: GaugeTimes & { at: number }): Promise<void> {
    const known = await this.#read()
    const { [keyOf(model)]: before = [], ...others } = known.models
    const models = Object.fromEntries([
      ...Object.entries(others).slice(1 - MAX_MODELS),
      [keyOf(model), [...before, { at, integer, memory, disk }].slice(-MAX_SAMPLES)]
    ])
    const next = { version: GAUGE_VERSION, models }
    this.#known = Promise.resolve(next)
    await writeAtomic(this.#path, `${JSON.stringify(next)}\n`, { mode: 0o600 }).catch(cause =>
      this.#log.warn('the history of the gauge was not written', { why: cause.message })
    )
  }

  #read(): Promise<History> {
    this.#known ??= readHistory(this.#path)
    return this.#known
  }
}

/** Node has the code that is timed: its version counts as the processor does. */
const keyOf = (model: string) => `${model}, node ${process.versions.node.split('.')[0]}`

/** A history of another version, or one that is damaged, says nothing. */
async function readHistory(path: string): Promise<History> {
  const none = { version: GAUGE_VERSION, models: {} }
  try {
    const known = v.parse(history, JSON.parse(await readFile(path, 'utf8')))
    return known.version === GAUGE_VERSION ? known : none
  } catch {
    return none
  }
}
