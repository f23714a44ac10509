/**
 * A built-in tool for every Linux machine: samples /proc within the daemon into one CSV file per subject. `proc-subjects.ts`
 * explains the columns.
 */
import { isReadable } from './kernel-file.ts'
import { subjects } from './proc-subjects.ts'
import { sampledTool } from './sampled-tool.ts'
import { sourcesOf } from './subject.ts'

export const proc = sampledTool({
  name: 'proc',
  summary: 'processors, memory, disks, network, load and pressure from /proc; built in',
  files: subjects.map(({ name, source }) => ({ name: `${name}.csv`, what: source })),
  async why() {
    const missing = subjects.filter(({ source }) => !isReadable(source))
    if (missing.length === 0) return undefined
    const reason = `this kernel does not provide ${missing.map(({ source }) => source).join(', ')}`
    return missing.every(({ optional }) => optional) ? { partly: reason } : reason
  },
  open: () => sourcesOf(subjects.filter(({ source }) => isReadable(source)))
})
