/**
 * Where the numbers of a workload are read from: `results = "fio"` of a workload, or of the command of a run. Without it, what a client
 * prints is read where it looks like the output of a benchmark that is known.
 */
import * as v from 'valibot'
import { list } from './fields.ts'

/** The benchmarks and programs whose output can be read. */
export const RESULT_READERS = [
  ...['fio', 'iperf3', 'sysbench', 'hyperfine', 'stress-ng', 'redis-benchmark'],
  ...['pgbench', 'wrk', 'openssl-speed', 'perf-stat', 'uperf']
] as const
export type ResultReaderName = (typeof RESULT_READERS)[number]

const readerName = v.picklist(RESULT_READERS, `the readers of results are ${RESULT_READERS.join(', ')}`)
/** One path component: what a workload writes to a folder below could be behind a link. */
const resultFile = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(200),
  v.check(
    path => !/[/\0]/.test(path) && path !== '.' && path !== '..',
    'a file is named from BAK_OUT, and is in no folder there'
  )
)
const source = v.strictObject({
  reader: readerName,
  /** In BAK_OUT; stdout, else stderr, where it is left out. */
  file: v.optional(resultFile)
})
export type ResultSource = v.InferOutput<typeof source>

const one = v.union(
  [readerName, source],
  `results are none, the name of a reader, or { reader, file }; the readers are ${RESULT_READERS.join(', ')}`
)
/** `none`, one, or several of them. */
export const results = v.pipe(
  v.union(
    [v.literal('none'), one, v.pipe(list(one, 8), v.minLength(1))],
    `results are none, the name of a reader, { reader, file }, or a list of these; the readers are ${RESULT_READERS.join(', ')}`
  ),
  v.transform((given): 'none' | ResultSource[] =>
    given === 'none' ? given : [given].flat().map(each => (typeof each === 'string' ? { reader: each } : each))
  )
)
export type Results = v.InferOutput<typeof results>
