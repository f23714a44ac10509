/** Reads the log of a job from a result folder, which another machine may have written. */
import { join } from 'node:path'
import * as v from 'valibot'
import type { GraphAt } from '../../protocols/jobs/graph-at.ts'
import { type LogLine, logLine } from '../../protocols/jobs/job-stream.ts'
import { jobLogFile } from '../../protocols/layout.ts'
import { readPlain } from '../../protocols/plain-file.ts'

/** What no controller writes is not read. */
const MAX_BYTES = 64 * 1024 * 1024

/** @returns undefined where there is none; a line that is none, such as one that is being written, is left out */
export async function readJobLog(folder: string, graph: GraphAt, job: string): Promise<LogLine[] | undefined> {
  const content = await readPlain(join(folder, jobLogFile(graph, job)), MAX_BYTES).catch(() => undefined)
  return content?.toString().split('\n').flatMap(lineIn)
}

function lineIn(text: string): LogLine[] {
  try {
    const read = v.safeParse(logLine, JSON.parse(text))
    return read.success ? [read.output] : []
  } catch {
    return []
  }
}
