/** What became of jobs, as rows: those of runs that were driven here as they were noted, and of other runs what the results tell that are here. */
import { digestOf } from '../../../protocols/digest.ts'
import type { AttemptAt, JobFilter, JobRow } from '../../../protocols/jobs/job-records.ts'
import { bytesOfOutputs } from '../../../protocols/jobs/job-result.ts'
import { type JobEntry, withoutResults } from '../../../protocols/jobs/jobs-file.ts'
import type { JobDatabase } from './job-database.ts'
import { graphText, readGraph } from './job-schema.ts'

/** Rows of an answer, unless more are asked for. */
const DEFAULT_ROWS = 1_000
/** What a row takes, about. */
const ROW_BYTES = 512

type Bound = string | number
type Row = Record<string, string | number | null>

export class JobRows {
  readonly #database: JobDatabase

  constructor(database: JobDatabase) {
    this.#database = database
  }

  note(run: string, entries: JobEntry[]): void {
    const at = Date.now()
    this.#database.change(entries.length * ROW_BYTES, db => {
      const put = db.sql('INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
      // its result is in the table of results, among those that others say they made
      for (const whole of entries) {
        const entry = withoutResults(whole)
        const { graph, job, state, member, by, attempts, began, duration, why, reason, from, outputs } = entry
        const attempt = attempts.at(-1)?.attempt ?? null
        const bytes = bytesOfOutputs(outputs)
        const text = JSON.stringify(entry)
        const causes = from == null ? null : JSON.stringify(from)
        put.run(
          ...[run, graphText(graph), job, state, member ?? null, by ?? null, attempt, began ?? null, duration ?? null],
          ...[at, why ?? null, reason ?? null, causes, digestIn(whole.result), outputs.length, bytes, text, text.length]
        )
      }
    })
  }

  entriesOf(run: string, job = ''): JobEntry[] {
    const sql = `SELECT entry FROM jobs WHERE run = ? AND ? IN ('', job)`
    const rows = this.#database.read(db => db.sql(sql).all(run, job) as unknown as Array<{ entry: string }>, [])
    return rows.map(({ entry }) => JSON.parse(entry) as JobEntry)
  }

  /** @param digest of the envelope of a result @returns whether the job was done by it */
  isDoneBy(digest: string, { run, graph, job }: Pick<AttemptAt, 'run' | 'graph' | 'job'>): boolean {
    const sql = `SELECT 1 FROM jobs WHERE run = ? AND graph = ? AND job = ? AND state = 'done' AND result = ?`
    return this.#database.read(db => db.sql(sql).get(run, graphText(graph), job, digest) != null, false)
  }

  select(filter: JobFilter): JobRow[] {
    const most = filter.limit ?? DEFAULT_ROWS
    const noted = conditionsOf(filter, { state: 'state', member: ['member', 'by'] })
    const heard = conditionsOf(filter, { state: 'outcome', member: ['by'] })
    const read = (sql: string, { bound }: Conditions) =>
      this.#database.read(db => db.sql(`${sql} LIMIT ?`).all(...bound, most) as unknown as Row[], [])
    const rows = [...read(NOTED(noted.sql), noted), ...read(HEARD(heard.sql), heard)].map(rowOf)
    return rows.sort((a, b) => b.at - a.at || (a.job < b.job ? -1 : 1)).slice(0, most)
  }
}

/** @param result an envelope in base64 */
const digestIn = (result: string | undefined) => (result == null ? null : digestOf(Buffer.from(result, 'base64')))

const WITH_LOG = `LEFT JOIN logs l ON l.run = j.run AND l.job = j.job AND l.graph = j.graph AND l.attempt = j.attempt`

/** Those of runs that were driven here, with what the result of the last attempt says. */
const NOTED = (conditions: string) => `
  SELECT j.run, j.graph, j.job, state, member, j.by, j.attempt, j.began, j.duration, j.at, r.exit, why, j.reason, causes, r.key, j.outputs,
    j.output_bytes, l.id AS log
  FROM jobs j
  LEFT JOIN results r ON r.id = (
    SELECT id FROM results
    WHERE run = j.run AND graph = j.graph AND job = j.job AND attempt = j.attempt AND by = j.by ORDER BY id DESC LIMIT 1)
  ${WITH_LOG} WHERE ${conditions} ORDER BY j.at DESC`

/** Of other runs the last result of each job: found by one step in an index, as others decide how many of a job there are. */
const HEARD = (conditions: string) => `
  SELECT j.run, j.graph, j.job, outcome AS state, j.by, j.attempt, j.began, j.duration, j.at, j.exit, j.reason, j.key, j.outputs, j.output_bytes,
    l.id AS log
  FROM results j ${WITH_LOG}
  WHERE ${conditions}
    AND NOT EXISTS (SELECT 1 FROM jobs k WHERE k.run = j.run AND k.graph = j.graph AND k.job = j.job)
    AND j.id = (
      SELECT id FROM results WHERE run = j.run AND graph = j.graph AND job = j.job ORDER BY attempt DESC, id DESC LIMIT 1)
  ORDER BY j.id DESC`

interface Conditions {
  sql: string
  bound: Bound[]
}

/** A condition for each that the filter names. */
function conditionsOf(
  { run, role, job, states, member, since }: JobFilter,
  columns: { state: string; member: string[] }
): Conditions {
  const each: Array<[string, Bound[]]> = []
  if (run != null) each.push(['j.run = ?', [run]])
  if (role != null) each.push(['(j.graph = ? OR j.graph GLOB ?)', [role, `${role}/*`]])
  if (job != null) each.push(['j.job GLOB ?', [globOf(job)]])
  if (states != null) each.push([`j.${columns.state} IN (${states.map(() => '?').join(', ') || 'NULL'})`, states])
  if (since != null) each.push(['j.at >= ?', [since]])
  if (member != null) {
    const any = columns.member.map(column => `j.${column} GLOB ?`).join(' OR ')
    each.push([`(${any})`, columns.member.map(() => globOf(member))])
  }
  return { sql: each.map(([sql]) => sql).join(' AND ') || 'TRUE', bound: each.flatMap(([, bound]) => bound) }
}

/** Only `*` has a meaning in what a person writes. */
const globOf = (pattern: string): string => pattern.replace(/[[?]/g, '[$&]').replace(/\*+/g, '*')

function rowOf(row: Row): JobRow {
  const { graph, causes, log, output_bytes: bytes, ...plain } = row
  const known = Object.fromEntries(Object.entries({ ...plain, bytes }).filter(([, value]) => value != null))
  return {
    ...(known as unknown as Omit<JobRow, 'graph'>),
    graph: readGraph(graph as string),
    ...(causes == null ? {} : { from: JSON.parse(causes as string) as string[] }),
    ...(log == null ? {} : { log: true as const })
  }
}
