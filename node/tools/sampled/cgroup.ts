/** Groups of processes as the kernel accounts for them (cgroups v2): the machine as a whole, what the run started, and groups by name. */
import { readdirSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { csvCell } from '../../../protocols/csv.ts'
import { ifPossible, namesIn, textIn } from '../../if-possible.ts'
import { ownMounts } from '../../processes/mounts.ts'
import type { ToolContext } from '../tool.ts'
import { isReadable } from './kernel-file.ts'
import { type Source, sampledTool } from './sampled-tool.ts'

/** Cgroup v2, Documentation/admin-guide/cgroup-v2.rst; a group has those of its controllers. */
const FILES = (
  'cpu.stat cpu.pressure memory.current memory.swap.current memory.stat memory.events memory.pressure io.stat io.pressure ' +
  'pids.current'
).split(' ')
const MAX_GROUPS = 256
/** Names of groups: each is looked for at each sample. */
const MAX_NAMES = 64

/** @returns where cgroup v2 is mounted */
const unifiedRoot = () =>
  ownMounts().find(({ type, root }) => type === 'cgroup2' && root === '/')?.point ??
  ownMounts().find(({ type }) => type === 'cgroup2')?.point

export const cgroup = sampledTool({
  name: 'cgroup',
  summary: 'processor, memory, I/O and pressure of groups of processes, from cgroup v2; built in',
  settings: [
    {
      name: 'groups',
      type: 'string',
      noPath: true,
      default: 'machine,run',
      summary: 'machine, run (what the run starts here), or names below the root of cgroup v2 such as system.slice/*',
      check: text => whyNoGroups(text.split(','))
    }
  ],
  files: [
    {
      name: 'cgroup.csv',
      what: 'group, file, key, value, as the kernel writes them: times in microseconds, memory in bytes'
    }
  ],
  async why({ groups }) {
    const root = unifiedRoot()
    if (root == null) return 'cgroup v2 is not mounted here'
    const wanted = `${groups}`.split(',')
    const lost = wanted.find(name => name !== 'run' && foldersOf(name, root, []).length === 0)
    if (lost != null) return `there is no group ${lost} in ${root}`
    const lacks = ['cpu', 'memory', 'io'].filter(name => !controllersOf(root).includes(name))
    if (lacks.length === 0) return undefined
    const present = FILES.filter(file => isReadable(join(root, file)))
    if (present.length === 0 && !wanted.some(name => name !== 'machine'))
      return `cgroup v2 has nothing to say of the machine here: ${lacks.join(', ')} are controlled by v1`
    return {
      partly: `of ${lacks.join(', ')} cgroup v2 has only ${present.join(', ') || 'nothing'} here, as v1 controls them`
    }
  },
  open: ({ groups }, { programs }) => [sourceOf(`${groups}`.split(','), unifiedRoot() ?? '', programs)]
})

function whyNoGroups(names: string[]): string | undefined {
  if (names.length > MAX_NAMES) return `has ${names.length} groups; ${MAX_NAMES} are the most`
  const wrong = names.find(name => !isGroup(name))
  return wrong == null
    ? undefined
    : `${wrong}: expected machine, run, or a path without .. below the root of cgroup v2, of which the last name may be *`
}

/** A group of the user's is a path below the root. */
const isGroup = (name: string) =>
  /^[^/\0\n][^\0\n]{0,1023}$/.test(name) &&
  !name.slice(0, -1).includes('*') &&
  !name.split('/').some(part => part === '..' || part === '')

/** @param own folders of the groups of the run */
function foldersOf(name: string, root: string, own: string[]): string[] {
  if (name === 'machine') return [root]
  if (name === 'run') return own
  const folder = join(root, name)
  if (basename(name) !== '*') return namesIn(folder).length > 0 ? [folder] : []
  const parent = dirname(folder)
  const entries = ifPossible(() => readdirSync(parent, { withFileTypes: true })) ?? []
  return entries.filter(entry => entry.isDirectory()).map(entry => join(parent, entry.name))
}

function sourceOf(names: string[], root: string, programs: ToolContext['programs']): Source {
  return {
    file: 'cgroup.csv',
    columns: () => ['group', 'file', 'key', 'value'],
    rows() {
      const own = programs.cgroups?.().filter(folder => folder.startsWith(`${root}/`)) ?? []
      const folders = [...new Set(names.flatMap(name => foldersOf(name, root, own)))].slice(0, MAX_GROUPS)
      return folders.flatMap(folder => {
        const group = csvCell(relative(root, folder) || '/')
        return FILES.flatMap(file => cgroupRows(file, textOf(join(folder, file))).map(row => `${group},${file},${row}`))
      })
    }
  }
}

/** A group comes and goes, and has the files of its controllers. */
const textOf = (path: string): string => textIn(path) ?? ''

/** @returns `key,value` of each number: `usage_usec 5`, `some avg10=0.00 total=7`, `254:0 rbytes=1`, or one number alone. Pure. */
export function cgroupRows(file: string, text: string): string[] {
  return text.split('\n').flatMap(line => {
    const words = line.split(' ').filter(word => word !== '')
    if (words.length === 0) return []
    const [first = '', ...others] = words
    // a device without I/O has no numbers
    if (others.length === 0) return /^\d+$/.test(first) ? [`${file.slice(file.lastIndexOf('.') + 1)},${first}`] : []
    if (others.length === 1 && !others[0]?.includes('=')) return [`${first},${others[0]}`]
    return others.map(word => `${first}.${word.replace('=', ',')}`)
  })
}

const controllersOf = (root: string) => textOf(join(root, 'cgroup.controllers')).trim().split(' ')
