/** Memory of each NUMA node, from /sys; and with a pattern that of processes in each node, by numastat of numactl. */
import { join } from 'node:path'
import type { ToolOptions } from '../../../protocols/tool-options.ts'
import { namesIn } from '../../if-possible.ts'
import { findProgram } from '../find-program.ts'
import { notFound } from '../program-tool.ts'
import { repeatCommand } from '../repeated/repeated-command.ts'
import { settingsOf } from '../settings-of.ts'
import { type Needs, type RunningTool, type Tool, unusable } from '../tool.ts'
import { isReadable, KernelFile } from './kernel-file.ts'
import { type Source, sampledTool } from './sampled-tool.ts'
import { linesOf } from './subject.ts'

const NODES = '/sys/devices/system/node'

const needs: Needs = {
  ...{ debian: 'numactl', fedora: 'numactl' },
  privilege: 'root, for processes of other users; the package only with a pattern'
}

const nodes = sampledTool({
  name: 'numastat',
  summary: 'memory of each NUMA node, and of processes in each; built in but for processes',
  needs,
  settings: [
    {
      name: 'pattern',
      type: 'string',
      noPath: true,
      summary: 'also the processes with this text in their command line, or with this id, by the program numastat',
      check: text =>
        /^[\w./][^\0\n]{0,255}$/.test(text) ? undefined : 'expected one line that begins with a letter, a digit, . or /'
    }
  ],
  files: [
    { name: 'numastat.csv', what: 'of each node: pages by how they were allocated, since boot' },
    { name: 'meminfo.csv', what: 'of each node: memory in KiB' },
    { name: 'numastat-stdout.txt', what: 'with a pattern: MiB of each process in each node' }
  ],
  why: async () =>
    nodeFiles('numastat').length > 0 ? undefined : `this kernel does not provide ${NODES}/node0/numastat`,
  open: () => [sourceOf('numastat', numaPairs), sourceOf('meminfo', meminfoPairs)]
})

export const numastat: Tool = {
  ...nodes,
  noWords: 'only its settings are read',
  async check(options: ToolOptions, how) {
    const { pattern } = settingsOf(nodes, options).values
    if (pattern != null && (await findProgram('numastat')) == null)
      return unusable('numastat', `the program, for a pattern, is ${notFound(needs)}`)
    return nodes.check(options, how)
  },
  async start(context) {
    const { pattern, size, interval = context.interval } = settingsOf(nodes, context.options).values
    const sampled = await nodes.start(context)
    if (pattern == null) return sampled
    const commands = () => [{ argv: ['numastat', '-p', `${pattern}`] }]
    const init = { name: 'numastat', commands, interval: interval as number, size: size as number }
    return both(sampled, await repeatCommand(init, context))
  }
}

function both(one: RunningTool, other: RunningTool): RunningTool {
  const remarks: string[] = []
  return {
    began: one.began,
    ready: Promise.all([one.ready, other.ready]).then(() => {}),
    remarks,
    async stop() {
      const faults = await Promise.all([one.stop(), other.stop()])
      remarks.push(...(one.remarks ?? []), ...(other.remarks ?? []))
      return faults.flat()
    }
  }
}

type Pairs = (text: string) => Array<[name: string, value: string]>

/** `numa_hit 5` */
export const numaPairs: Pairs = text => linesOf(text).map(line => line.split(' ') as [string, string])
/** `Node 0 MemTotal:  5 kB` */
export const meminfoPairs: Pairs = text =>
  linesOf(text).flatMap(line => {
    const [, name, value] = /^Node \d+ ([^:]+):\s+(\d+)/.exec(line) ?? []
    return name == null || value == null ? [] : [[name, value]]
  })

function sourceOf(name: string, pairsOf: Pairs): Source {
  const files = nodeFiles(name).map(({ node, path }) => ({ node, file: new KernelFile(path) }))
  let columns: string[] = []
  return {
    file: `${name}.csv`,
    columns: () => ['node', ...columns],
    rows() {
      const read = files.map(({ node, file }) => ({ node, pairs: new Map(pairsOf(file.read())) }))
      if (columns.length === 0) columns = [...(read[0]?.pairs.keys() ?? [])]
      return read.map(({ node, pairs }) => [node, ...columns.map(each => pairs.get(each) ?? '')].join(','))
    },
    close() {
      for (const { file } of files) file.close()
    }
  }
}

function nodeFiles(name: string): Array<{ node: string; path: string }> {
  return namesIn(NODES)
    .filter(each => /^node\d+$/.test(each))
    .map(each => ({ node: each.slice(4), path: join(NODES, each, name) }))
    .filter(({ path }) => isReadable(path))
    .sort((a, b) => Number(a.node) - Number(b.node))
}
