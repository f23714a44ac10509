/** What was measured, and on what. */
import { execFileSync } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'
import { root } from '../bundle.ts'

export interface Machine {
  commit: string
  cpu: string
  cores: number
  /** GiB */
  memory: number
  kernel: string
  node: string
  /** The day, as in 2026-11-23. */
  day: string
}

export function describeMachine(): Machine {
  const processors = cpus()
  return {
    commit: commit(),
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memory: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    day: new Date().toISOString().slice(0, 10)
  }
}

/** @returns what is checked out, and whether it was changed since; `unknown` outside of a repository */
function commit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    // what the bench itself writes is no change of what it measures
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', '.', ':!docs') !== ''
    return `${git('rev-parse', '--short=10', 'HEAD')}${changed ? ', changed' : ''}`
  } catch {
    return 'unknown'
  }
}

export const inWords = ({ commit: at, cpu, cores, memory, kernel, node, day }: Machine) =>
  `${day}, commit ${at}, ${cores} cores of ${cpu}, ${memory} GiB, Linux ${kernel}, Node ${node}`
