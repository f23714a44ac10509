/** `bak job sources`: what the jobs of a file have from addresses, and whether it is here already. */
import type { Command } from 'commander'
import { callDaemon } from '../../../protocols/control-http.ts'
import { BakError, type ErrorCode, exitStatus } from '../../../protocols/errors.ts'
import type { JobInput, JobKeys } from '../../../protocols/jobs/job.ts'
import { formatTable } from '../../../protocols/text-table.ts'
import { addExamples, addFlag, type Context, setAction } from '../../command.ts'
import { formatBytes } from '../../format.ts'
import { showProgress } from '../artifact/get.ts'
import { jobsOfFile } from './jobs-of-file.ts'

interface Options {
  download?: boolean
}

interface FileSource {
  url: string
  sha256: string
  /** Those that have it among their inputs. */
  jobs: string[]
}

export function defineSources(command: Command): void {
  command.argument('<file>', 'a run file with jobs')
  addFlag(command, '--download', 'fetch those that are not here, so that no run waits for them')
  addExamples(command, {
    'bak job sources build.toml': 'which are here',
    'bak job sources build.toml --download': 'fetches the others, and checks their SHA-256'
  })
  setAction(command, act)
}

async function act({ socket, json, print, printLines }: Context, { download }: Options, file = ''): Promise<number> {
  const wanted = sourcesOf(jobsOfFile(file).all)
  if (wanted.length === 0 && !json) await print(`no job of ${file} has an input from an address`)
  if (wanted.length === 0) return 0
  const jobsOf = new Map(wanted.map(each => [keyOf(each), each.jobs.join(', ')]))
  let failed: ErrorCode | undefined
  const failures: string[] = []
  const rows: string[][] = []
  const sources = wanted.map(({ url, sha256 }) => ({ url, sha256 }))
  for await (const answer of callDaemon(socket, 'job-sources', { sources, download })) {
    const { state, url, sha256 } = answer
    if (json) await print(JSON.stringify(answer))
    if (state === 'fetching') {
      if (!json) await showProgress({ done: answer.done, total: answer.total ?? answer.done })
      continue
    }
    if (state === 'failed') {
      failed ??= answer.code
      failures.push(answer.error)
    }
    const isHere = state === 'here'
    const word = isHere ? (answer.fetched ? 'fetched' : 'here') : state === 'failed' ? 'failed' : 'not here'
    rows.push([sha256.slice(0, 16), word, isHere ? formatBytes(answer.bytes) : '', `${jobsOf.get(keyOf(answer))}`, url])
  }
  if (rows.length < wanted.length)
    throw new BakError('lost-contact', 'lost contact with the daemon before all were told')
  if (json) return failed == null ? 0 : exitStatus[failed]
  await printLines(formatTable(['SHA-256', 'STATE', 'BYTES', 'JOBS', 'ADDRESS'], rows))
  for (const each of failures) await print(each)
  return failed == null ? 0 : exitStatus[failed]
}

const keyOf = ({ url, sha256 }: Pick<FileSource, 'url' | 'sha256'>) => `${sha256} ${url}`

/** Each once. Pure. */
export function sourcesOf(jobs: JobKeys['job']): FileSource[] {
  const found = new Map<string, FileSource>()
  for (const { name, inputs } of jobs) {
    for (const input of inputs) {
      const { url, sha256 }: JobInput = input
      if (url == null || sha256 == null) continue
      const key = keyOf({ url, sha256 })
      const known: FileSource = found.get(key) ?? { url, sha256, jobs: [] }
      found.set(key, known)
      if (!known.jobs.includes(name)) known.jobs.push(name)
    }
  }
  return [...found.values()]
}
