/** Makes series of the files of a job, as a member does, and prints what that took: a process of its own, so that its memory can be told. */
import { readFileSync } from 'node:fs'
import type { SeriesJob } from '../../../node/agent/series/job.ts'
import { makeSeries } from '../../../node/agent/series/series-thread.ts'

const KIB = 1024

const job = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as SeriesJob
const before = process.resourceUsage()
const began = performance.now()
const made = await makeSeries(job, new AbortController().signal)
const took = performance.now() - began
const after = process.resourceUsage()
const spent = (after.userCPUTime - before.userCPUTime + after.systemCPUTime - before.systemCPUTime) / 1e6
const held = (after.maxRSS - before.maxRSS) * KIB
process.stdout.write(`${JSON.stringify({ ...made, took: took / 1000, spent, held })}\n`)
