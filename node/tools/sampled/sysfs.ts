/** Numbers and words of devices from /sys: what every user may read there, in the folders that have what changes while a machine works. */
import { lstatSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { csvLine } from '../../../protocols/csv.ts'
import { globOf } from '../../../protocols/glob.ts'
import { ifPossible, namesIn } from '../../if-possible.ts'
import { type Source, sampledTool } from './sampled-tool.ts'

const ROOT = '/sys'
/** Elsewhere a file may do something when it is read, never end, or tell what is nobody's business. */
const FOLDERS = ['block', 'class', 'devices/system/cpu', 'devices/system/node', 'devices/virtual', 'fs', 'kernel/mm']
/** Size of an attribute that is a text; those of other sizes are binary. */
const ATTRIBUTE_BYTES = 4096
const MAX_FILES = 2_000
const MAX_DEPTH = 8
const MAX_VALUE = 256

interface Wanted {
  path: string
  depth: number
  pattern: string
}
const wantedOf = ({ path, maxdepth, pattern }: Record<string, unknown>): Wanted => ({
  ...{ path: `${path}`.replace(/^\/sys\//, '').replace(/\/$/, '') },
  ...{ depth: Number(maxdepth), pattern: `${pattern}` }
})

export const sysfs = sampledTool({
  name: 'sysfs',
  summary: 'files of a folder in /sys that every user may read; built in',
  settings: [
    {
      name: 'path',
      type: 'string',
      noPath: true,
      default: 'devices/system/cpu',
      summary: `a folder below /sys, in ${FOLDERS.join(', ')}`,
      check: path => whyNoFolder(path)
    },
    {
      name: 'maxdepth',
      type: 'number',
      default: 4,
      summary: 'levels of folders below it',
      check: depth =>
        Number.isInteger(depth) && depth >= 1 && depth <= MAX_DEPTH ? undefined : `expected 1 to ${MAX_DEPTH}`
    },
    {
      ...{ name: 'pattern', type: 'string', default: '*', summary: 'names of files, with *' },
      check: (text: string) => (text.length <= MAX_VALUE ? undefined : `expected up to ${MAX_VALUE} characters`)
    }
  ],
  files: [{ name: 'sysfs.csv', what: 'path below the folder, value' }],
  async why(values) {
    const wanted = wantedOf(values)
    const files = filesOf(wanted)
    if (files.length === 0) return `no file of /sys/${wanted.path} is named ${wanted.pattern} and open to every user`
    return files.length < MAX_FILES ? undefined : { partly: `only the first ${MAX_FILES} files of /sys/${wanted.path}` }
  },
  open: values => [sourceOf(wantedOf(values))]
})

function whyNoFolder(given: string): string | undefined {
  const { path } = wantedOf({ path: given })
  if (path.split('/').some(part => part === '..' || part === '.' || part === ''))
    return `expected a folder below ${ROOT}`
  const isOpen = FOLDERS.some(folder => path === folder || path.startsWith(`${folder}/`))
  return isOpen ? undefined : `expected a folder in ${FOLDERS.join(', ')}`
}

/** Links to folders are followed below `class` and `block` only at the first level, where all is a link. */
function filesOf({ path, depth, pattern }: Wanted): string[] {
  const fits = globOf(pattern)
  const found: string[] = []
  const walk = (folder: string, left: number, isFirst: boolean) => {
    for (const name of namesIn(folder).sort()) {
      if (found.length >= MAX_FILES) return
      const at = join(folder, name)
      const stat = ifPossible(() => lstatSync(at))
      // a device that was unplugged
      if (stat == null) continue
      const isFolder = stat.isDirectory() || (isFirst && stat.isSymbolicLink())
      if (isFolder && left > 1) walk(at, left - 1, false)
      else if (stat.isFile() && stat.size === ATTRIBUTE_BYTES && (stat.mode & 0o004) !== 0 && fits(name)) found.push(at)
    }
  }
  walk(join(ROOT, path), depth, /^(class\/[^/]+|block)$/.test(path))
  return found
}

function sourceOf(wanted: Wanted): Source {
  const root = join(ROOT, wanted.path)
  const files = filesOf(wanted)
  return {
    file: 'sysfs.csv',
    columns: () => ['path', 'value'],
    // a sensor may take a millisecond to answer: the daemon does not wait for it
    async rows() {
      const rows: string[] = []
      for (const file of files) rows.push(...(await rowOf(relative(root, file), file)))
      return rows
    }
  }
}

/** Some give an error instead of a value. */
async function rowOf(name: string, file: string): Promise<string[]> {
  try {
    const value = (await readFile(file, 'utf8')).trim().slice(0, MAX_VALUE).replace(/\s+/g, ' ')
    return [csvLine([name, value])]
  } catch {
    return []
  }
}
