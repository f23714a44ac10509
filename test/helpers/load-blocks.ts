/** Blocks of samples as members bring them, of clients that tests make up. */
import type { LoadMessage } from '../../node/run/load/load-stream-server.ts'
import type { Step } from '../../protocols/phase.ts'
import { FLAGS, packColumns, type SampleColumns } from '../../protocols/tasks/sample-block.ts'

/** ms since the begin of the element. */
export interface MadeSample {
  due: number
  latency: number
  /** As `latency` where it is left out. */
  service?: number
  client?: number
  warmup?: boolean
  /** Kind of its error. */
  failed?: string
  weight?: number
}

export const step: Step = { number: 1, name: 'default', sample: 1 }

export function columnsOf(samples: MadeSample[]): { columns: SampleColumns; kinds: string[] } {
  const kinds = [...new Set(samples.flatMap(({ failed }) => failed ?? []))]
  const floats = (of: (sample: MadeSample) => number) => Float64Array.from(samples, of)
  const service = ({ service, latency }: MadeSample) => service ?? latency
  const columns = {
    client: Uint32Array.from(samples, ({ client = 0 }) => client),
    flags: Uint8Array.from(
      samples,
      ({ warmup, failed }) => (warmup ? FLAGS.warmup : 0) | (failed == null ? 0 : FLAGS.failed)
    ),
    kind: Uint8Array.from(samples, ({ failed }) => (failed == null ? 0 : kinds.indexOf(failed))),
    due: floats(({ due }) => due),
    latency: floats(({ latency }) => latency),
    service: floats(service),
    processing: floats(each => service(each) + 0.5),
    sent: floats(each => each.due + each.latency - service(each)),
    weight: floats(({ weight = 1, failed }) => (failed == null ? weight : 0))
  }
  return { columns, kinds }
}

/** @returns a message of the load stream with these samples */
export function blockOf(samples: MadeSample[], { task = 't', element = 1, seq = 1, of = step, unit = 'ops' } = {}) {
  const { columns, kinds } = columnsOf(samples)
  return {
    ...{ type: 'samples' as const, seq, step: of, element, task, unit, kinds },
    ...{ samples: samples.length, columns: packColumns(columns) }
  } satisfies LoadMessage
}

/** @returns a clock on which an hour goes by between two looks at it: whatever tests bring has ended */
export function hourly(): () => number {
  let now = 0
  return () => {
    now += 3_600_000
    return now
  }
}
