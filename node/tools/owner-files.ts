/** Reads the files `NAME.toml` of `tools.d`: the owner's own tools. What is damaged, or somebody else's, is named and hinders no other. */
import { constants } from 'node:fs'
import { lstat, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { asBakError } from '../../protocols/errors.ts'
import { MAX_TOOL_FILE, readUserTool, toolNameOf } from '../../protocols/user-tool.ts'
import { unlessMissing } from '../store/disk.ts'
import { whyNoFile, whyUnsafe } from '../store/owners-file.ts'
import { ownerTool } from './owner-tool.ts'
import type { Tool } from './tool.ts'

/** A file that is no tool, or a folder of which nothing is. */
export interface DamagedTool {
  /** Of the tool that it would be; none where its name cannot be one. */
  tool?: string
  /** `tools.d/queue.toml:3: command: is missing`, a line for each mistake. */
  why: string
}

export interface OwnerTools {
  tools: Tool[]
  damaged: DamagedTool[]
}

/** More are a mistake: each is named in the record of this peer. */
const MAX_TOOLS = 64

/** @param taken names of the tools of bak @returns tools and damaged files in the order of their names. Never rejects. */
export async function readOwnerTools(folder: string, taken: (name: string) => boolean): Promise<OwnerTools> {
  try {
    const names = ((await unlessMissing(readdir(folder))) ?? []).filter(name => /^[^.].*\.toml$/.test(name)).sort()
    if (names.length === 0) return { tools: [], damaged: [] }
    const unsafe = whyUnsafe(await lstat(folder), 'tools.d')
    if (unsafe != null) return { tools: [], damaged: names.slice(0, MAX_TOOLS).map(file => damagedFile(file, unsafe)) }
    const read = await Promise.all(names.slice(0, MAX_TOOLS).map(file => readOne(folder, file, taken)))
    const more = names.slice(MAX_TOOLS, MAX_TOOLS + 1).map(file => damagedFile(file, `${MAX_TOOLS} files are the most`))
    return {
      tools: read.flatMap(each => ('why' in each ? [] : [each])),
      damaged: [...read.flatMap(each => ('why' in each ? [each] : [])), ...more]
    }
  } catch (cause) {
    return { tools: [], damaged: [{ why: `tools.d: ${asBakError(cause).message}` }] }
  }
}

/** @returns another text once a file has changed, come or gone. Never rejects. */
export async function stampOf(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => [])
  const stats = await Promise.all(
    ['', ...names.slice(0, MAX_TOOLS + 1)].map(name => lstat(join(folder, name)).catch(() => undefined))
  )
  return stats.map(found => `${found?.ino} ${found?.mode} ${found?.uid} ${found?.ctimeMs}`).join('\n')
}

async function readOne(folder: string, file: string, taken: (name: string) => boolean): Promise<Tool | DamagedTool> {
  const name = toolNameOf(file)
  if (name == null) {
    return {
      why: `tools.d/${file}: a tool is named with letters, digits and . _ @ # - only, and starts with a letter or digit`
    }
  }
  if (taken(name)) return { why: `tools.d/${file}: bak has a tool ${name}: give it another name` }
  try {
    return ownerTool(name, readUserTool(await textOf(join(folder, file)), `tools.d/${file}`))
  } catch (cause) {
    const { message } = asBakError(cause)
    return message.startsWith('tools.d/') ? { tool: name, why: message } : damagedFile(file, message)
  }
}

/** What is checked is what is read: the file may be changed in between. */
async function textOf(path: string): Promise<string> {
  const linked = whyNoFile(await lstat(path))
  if (linked != null) throw new Error(linked)
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const found = await handle.stat()
    const why = whyNoFile(found) ?? whyUnsafe(found, 'it')
    if (why != null) throw new Error(why)
    if (found.size > MAX_TOOL_FILE) throw new Error(`it has ${found.size} bytes; ${MAX_TOOL_FILE} are the most`)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_TOOL_FILE), 0, MAX_TOOL_FILE, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

const damagedFile = (file: string, why: string): DamagedTool => ({
  tool: toolNameOf(file),
  why: `tools.d/${file}: ${why}`
})
