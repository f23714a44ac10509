/** Files of the tool `numastat`: memory of each NUMA node, and of processes in each. */
import type { Put } from '../../series/reader.ts'
import { nameOf, numberIn, wordsOf } from './cells.ts'
import { type Column, csvFile, rowsAbout } from './csv-file.ts'
import { keptIn } from './kept.ts'
import { memoryColumn } from './proc.ts'
import { stampedFile } from './stamped-file.ts'

const MIB = 1024 * 1024

const allocated = (name: string): Column => ({
  metric: `numa.${nameOf(name.replace(/^numa_/, ''))}`,
  unit: '/s',
  isCounter: true
})

function ofNode(name: string): Column {
  const column = memoryColumn(name)
  return { ...column, metric: `numa.${column.metric}` }
}

/** One process has a table by kind of memory, several have one by process. */
const processes = stampedFile('numastat-stdout.txt', sink => {
  let nodes: string[] = []
  let one = ''
  const known = new Map<string, Put>()
  return {
    begin() {
      nodes = []
      one = ''
    },
    line(at, text) {
      const [, pid] = /for PID (\d+ \(.*\))$/.exec(text) ?? []
      if (pid != null) one = pid
      const named = text.match(/Node \d+/g)
      if (named != null) nodes = named.map(each => each.slice(5))
      const words = wordsOf(text)
      const numbers = words.slice(words.findLastIndex(word => !/^\d+\.\d+$/.test(word)) + 1)
      const who = words.slice(0, words.length - numbers.length).join(' ')
      const isOfOne = one !== ''
      // of several processes the last line is their sum
      if (named != null || numbers.length === 0 || who === (isOfOne ? '' : 'Total')) return
      const [, id, process] = /^(\d+) \((.*)\)$/.exec(isOfOne ? one : who) ?? []
      if (id == null || process == null) return
      // behind the nodes is their sum
      for (const [i, number] of numbers.slice(0, nodes.length).entries()) {
        const labels = { process, pid: id, node: nodes[i] ?? '', ...(isOfOne ? { kind: who } : {}) }
        const put = keptIn(known, Object.values(labels).join('\n'), () =>
          sink.gauge('numa.process.memory', labels, 'B')
        )
        put(at, numberIn(number) * MIB)
      }
    }
  }
})

export const numastat = [
  csvFile('numastat.csv', (names, sink) => rowsAbout({ node: 'node' }, allocated, names, sink)),
  csvFile('meminfo.csv', (names, sink) => rowsAbout({ node: 'node' }, ofNode, names, sink)),
  processes
]
