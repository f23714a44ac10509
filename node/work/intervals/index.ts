/**
 * How the files that a workload leaves are read into series: a file a reader, and its line here. The tool of these series is the name of
 * the workload, and their metrics are called as those of its result.
 */
import type { SeriesReader } from '../../series/reader.ts'
import { fioLog } from './fio-log.ts'
import { printed } from './printed.ts'
import { rawRequests } from './raw-requests.ts'
import { samples } from './samples.ts'

export const intervalReaders: SeriesReader[] = [printed, samples, fioLog, rawRequests]
