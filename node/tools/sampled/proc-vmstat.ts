/** Counters of virtual memory, from /proc/vmstat: pages and events since boot, all that this kernel has. */
import { isReadable } from './kernel-file.ts'
import { sampledTool } from './sampled-tool.ts'
import { linesOf, type Subject, sourcesOf } from './subject.ts'

export const vmstatSubject: Subject = {
  name: 'vmstat',
  source: '/proc/vmstat',
  columns: text => linesOf(text).map(line => line.split(' ')[0] as string),
  rows: text => [
    linesOf(text)
      .map(line => line.split(' ')[1] ?? '')
      .join(',')
  ]
}

export const procVmstat = sampledTool({
  name: 'proc-vmstat',
  summary: 'all counters of virtual memory, from /proc/vmstat; built in',
  files: [{ name: 'vmstat.csv', what: vmstatSubject.source }],
  why: async () =>
    isReadable(vmstatSubject.source) ? undefined : `this kernel does not provide ${vmstatSubject.source}`,
  open: () => sourcesOf([vmstatSubject])
})
