/** Which jobs made what: outputs of the results that are here, as their signers say. */
import type { GraphAt } from '../../../protocols/jobs/graph-at.ts'
import { MAX_JOB_ROWS } from '../../../protocols/jobs/job-records.ts'
import type { JobOutput } from '../../../protocols/jobs/job-result.ts'
import type { JobDatabase } from './job-database.ts'
import { readGraph } from './job-schema.ts'

/** An output of a result. */
export interface OutputRow extends JobOutput {
  run: string
  graph: GraphAt
  job: string
  by: string
  /** When this peer heard of it. */
  at: number
}

export interface OutputFilter {
  run?: string | undefined
  /** In the name of the job or the path of the output, or the begin of the digest. */
  text?: string | undefined
  digest?: string | undefined
}

/** @returns the newest first */
export function readOutputs(database: JobDatabase, { run, text, digest }: OutputFilter, most: number): OutputRow[] {
  const conditions = [
    ...(digest == null ? [] : ['o.digest = :digest']),
    ...(run == null ? [] : ['r.run = :run']),
    ...(text == null
      ? []
      : ['(instr(r.job, :text) OR instr(o.path, :text) OR substr(o.digest, 1, length(:text)) = :text)'])
  ]
  const sql = `
    SELECT o.digest, o.kind, o.bytes, o.path, r.run, r.graph, r.job, r.by, r.at FROM results r JOIN outputs o ON o.result = r.id
    WHERE ${conditions.join(' AND ') || 'TRUE'} ORDER BY r.id DESC LIMIT :most`
  const bound = {
    ...{ ':most': Math.min(most, MAX_JOB_ROWS) },
    ...(digest == null ? {} : { ':digest': digest }),
    ...(run == null ? {} : { ':run': run }),
    ...(text == null ? {} : { ':text': text })
  }
  const rows = database.read(db => db.sql(sql).all(bound) as unknown as Array<OutputRow & { graph: string }>, [])
  return rows.map(row => ({ ...row, graph: readGraph(row.graph) }))
}
