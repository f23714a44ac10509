/** Inside of an allocation of Slurm its nodes are a group: `slurm`. Which they are is in SLURM_JOB_NODELIST, `n[01-03,7],gpu1`. */
import * as v from 'valibot'
import { BakError } from '../protocols/errors.ts'
import type { RunFile } from '../protocols/run-file.ts'
import { selector } from '../protocols/spec-fields.ts'

export const SLURM_GROUP = 'slurm'
const NODE_LIST = 'SLURM_JOB_NODELIST'
/** Of one list: a selector has so many names. */
const MAX_NODES = 10_000

/** @returns the group of the allocation in which this program runs; none outside of one, or where its names are longer than a selector @throws {BakError} as `expandNodes` */
export function slurmGroups(env: NodeJS.ProcessEnv = process.env): NonNullable<RunFile['groups']> {
  const nodes = env[NODE_LIST]
  if (nodes == null || nodes === '') return []
  const on = expandNodes(nodes).join(',')
  // a group that no selector can name must not refuse a run that does not use it
  return v.is(selector, on) ? [{ name: SLURM_GROUP, on }] : []
}

/**
 * @param list names with ranges of numbers in brackets, as Slurm writes them: `n[1-3,07],login`
 * @throws {BakError} `usage` for a list that cannot be read
 */
export function expandNodes(list: string): string[] {
  // commas within brackets divide ranges
  const parts = list.match(/(?:[^,[\]]|\[[^[\]]*\])+/g) ?? []
  if (parts.join(',') !== list) throw wrong(list)
  const nodes: string[] = []
  for (const part of parts) {
    for (const node of expandPart(part, list)) {
      if (nodes.push(node) > MAX_NODES) throw new BakError('usage', `${NODE_LIST} has more than ${MAX_NODES} nodes`)
    }
  }
  return nodes
}

function* expandPart(part: string, list: string): Generator<string> {
  const [, before = '', ranges, after = ''] = /^([^[\]]*)(?:\[([^[\]]*)\](.*))?$/.exec(part) ?? []
  if (ranges == null) return yield before
  for (const range of ranges.split(',')) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? []
    if (first == null || Number(last) < Number(first)) throw wrong(list)
    for (let number = Number(first); number <= Number(last); number++)
      for (const end of expandPart(after, list)) yield `${before}${String(number).padStart(first.length, '0')}${end}`
  }
}

const wrong = (list: string) => new BakError('usage', `${NODE_LIST} is no list of nodes: ${list.slice(0, 200)}`)
