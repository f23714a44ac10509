/** Which files of a sample's tools are read into series, and by which readers. */
import { type Dirent, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { parse } from 'smol-toml'
import * as v from 'valibot'
import { parseResultPath, stepFolder } from '../../../protocols/layout.ts'
import type { Assignment } from '../../../protocols/manifest.ts'
import type { Step } from '../../../protocols/phase.ts'
import { type Reading, readings } from '../../../protocols/reading.ts'
import { MAX_TOOL_FILE } from '../../../protocols/user-tool.ts'
import { ifPossible } from '../../if-possible.ts'
import type { SeriesReader } from '../../series/reader.ts'
import { genericReading } from '../../tools/generic-reading.ts'
import { readers } from '../../tools/readers/index.ts'
import type { FileToRead, ReaderRef } from './job.ts'

/** Of one tool: whatever it writes beyond is not read. */
const MAX_FILES = 10_000

export interface FoundFile extends FileToRead {
  /** Whether a program has to print it. */
  convert?: SeriesReader['convert']
}

export interface ToolData {
  /** The folder with the layout of a result. */
  data: string
  member: string
  /** Left out for the persistent tools. */
  step?: Step | undefined
  /** What the member was asked to run: the options of each tool. */
  tools: Assignment[]
  /** Seconds between two samples where a tool has no other. */
  interval: number
  /** When tools began, by their folders, ms since 1970; of others it is told by their files. */
  began: ReadonlyMap<string, number>
}

/** @returns the files that have readers and are not empty; in the order of their paths, so that they are read alike each time */
export function findFiles(from: ToolData): FoundFile[] {
  const { data, member, step } = from
  const top = step == null ? '' : stepFolder(step)
  const kind = step == null ? 'persistent' : 'tools'
  return foldersIn(join(data, top)).flatMap(group => {
    const path = posix.join(top, group, member)
    const place = parseResultPath(path)
    if (place?.kind !== kind) return []
    return foldersIn(join(data, path)).flatMap(tool => filesOfTool(from, place.group, tool, posix.join(path, tool)))
  })
}

function filesOfTool(from: ToolData, group: string, tool: string, folder: string): FoundFile[] {
  const { options = {} } = from.tools.find(each => each.tool === tool && each.group === group) ?? {}
  const known = readersOf(tool, options, join(from.data, folder))
  if (known.length === 0) return []
  const common = { tool, options, interval: options.interval ?? from.interval }
  return filesBelow(join(from.data, folder)).flatMap(file => {
    const [, restart, name = file] = /^(restart\d+)\/(.+)$/.exec(file) ?? []
    const at = known.findIndex(({ reader }) => reader.files.some(each => isNamed(name, each)))
    const { reader, ref } = known[at] ?? {}
    const path = join(from.data, folder, file)
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (reader == null || ref == null || !stats?.isFile() || stats.size === 0) return []
    const began = from.began.get(restart == null ? folder : `${folder}/${restart}`)
    return {
      ...{ path, shown: posix.join(`tools-${group}`, tool, file), reader: ref },
      about: { ...common, file: name, began: began ?? stats.birthtimeMs },
      ...(reader.convert == null ? {} : { convert: reader.convert })
    }
  })
}

function readersOf(tool: string, options: Assignment['options'], folder: string) {
  const isOwn = options.command == null && Object.hasOwn(readers, tool)
  if (isOwn) return (readers[tool] ?? []).map((reader, at) => ({ reader, ref: { tool, at } as ReaderRef }))
  const given = options.read ?? (options.command == null ? readingsOf(join(folder, `${tool}.toml`)) : [])
  return given.map(reading => ({ reader: genericReading(reading, tool), ref: { reading } as ReaderRef }))
}

/** A tool of the owner of this machine says it in its folder. The file was the daemon's, and may be anything now. */
function readingsOf(path: string): Reading[] {
  const stats = ifPossible(() => lstatSync(path))
  if (!stats?.isFile() || stats.size > MAX_TOOL_FILE) return []
  const given = v.object({ read: v.optional(readings, []) })
  return ifPossible(() => v.parse(given, parse(readFileSync(path, 'utf8'))).read) ?? []
}

export const isNamed = (file: string, by: string | RegExp) => (typeof by === 'string' ? file === by : by.test(file))

const entriesOf = (path: string): Dirent[] => ifPossible(() => readdirSync(path, { withFileTypes: true })) ?? []

const foldersIn = (path: string): string[] =>
  entriesOf(path)
    .filter(entry => entry.isDirectory())
    .map(({ name }) => name)
    .sort()

/** No link is followed. */
function filesBelow(folder: string): string[] {
  const found: string[] = []
  const waiting = ['']
  while (waiting.length > 0 && found.length < MAX_FILES) {
    const at = waiting.pop() as string
    for (const entry of entriesOf(join(folder, at))) {
      const path = posix.join(at, entry.name)
      if (entry.isDirectory()) waiting.push(path)
      else if (entry.isFile() && found.length < MAX_FILES) found.push(path)
    }
  }
  return found.sort()
}
