/** Runs of workloads on members of a testnet, and what became of them. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunRecord } from '../../protocols/record.ts'
import { type Finished, record, type Started, startRun, type Testnet } from './mesh.ts'

let files = 0

/** @returns the path of a run file with this text; nothing is observed, so that only the work takes time */
export function runFile(net: Testnet, text: string): string {
  const file = join(net.folder, `run-${++files}.toml`)
  writeFileSync(file, `tools = []\nsysinfo = "none"\n${text}`)
  return file
}

/** A line for the shell as a workload of the run file. */
export const workload = (name: string, line: string, more = '') =>
  `[[workload]]\nname = "${name}"\ncommand = ["/bin/sh", "-c", ${JSON.stringify(line)}]\n${more}\n`

export const server = (name: string, line: string, more = '') => workload(name, line, `role = "server"\n${more}`)

export interface EndedRun extends Finished {
  run: string
  record: RunRecord
  events: Started['events']
  /** @returns the text of a file in the result, below the folder of the first sample */
  text(path: string): string
  exists(path: string): boolean
  /** @returns bytes */
  size(path: string): number
  list(path: string): string[]
}

export async function startFile(net: Testnet, peer: string, text: string, args: string[] = []): Promise<Started> {
  return startRun(net, peer, [runFile(net, text), ...args])
}

export async function endOf(net: Testnet, peer: string, started: Started): Promise<EndedRun> {
  const ended = await started.finished
  const { run, events } = started
  const sample = join(net.peer(peer).home, 'runs', run, '1-default/sample1')
  return {
    ...ended,
    ...{ run, events, record: record(net, peer, run) },
    text: path => readFileSync(join(sample, path), 'utf8'),
    exists: path => existsSync(join(sample, path)),
    size: path => statSync(join(sample, path)).size,
    list: path => readdirSync(join(sample, path)).sort()
  }
}

/** Runs a file to its end. */
export async function runWorkloads(net: Testnet, peer: string, text: string, args: string[] = []): Promise<EndedRun> {
  return endOf(net, peer, await startFile(net, peer, text, args))
}

/** @returns `server on a: exit 0`, in the order in which they are in the record */
export const entriesIn = ({ record: { workload: entries } }: Pick<EndedRun, 'record'>): string[] =>
  entries.map(({ name, member, exit, signal, stopped }) => {
    const how = stopped ? 'stopped' : signal == null ? `exit ${exit}` : signal
    return `${name} on ${member}: ${how}`
  })
