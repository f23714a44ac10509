/**
 * The hooks of the owner of this machine: executables `<home>/hooks.d/NN-name`. What somebody else could have put there, or could change, is
 * not started.
 */
import type { Stats } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { asBakError } from '../../../protocols/errors.ts'
import { unlessMissing } from '../../store/disk.ts'
import { whyNoFile, whyUnsafe } from '../../store/owners-file.ts'

/** At join those from 00 to 49 run, before terminate those from 50 to 99. */
export type HookMoment = 'join' | 'terminate'
const FIRST_OF_TERMINATE = 50
/** Of one moment; more are a mistake. */
const MAX_HOOKS = 50
const NAME = /^(\d\d)-[A-Za-z0-9._-]{1,64}$/

export interface HookFile {
  name: string
  path: string
  /** Why it is not started. */
  refused?: string
}

/** @returns the hooks of a moment, in their order; other files are none. Never rejects: what cannot be read is a hook that is refused */
export async function findHooks(folder: string, moment: HookMoment): Promise<HookFile[]> {
  try {
    const names = (await unlessMissing(readdir(folder))) ?? []
    const due = names.filter(name => momentOf(name) === moment).sort()
    if (due.length === 0) return []
    const unsafe = whyUnsafe(await lstat(folder), 'hooks.d')
    const hooks = due.slice(0, MAX_HOOKS).map(name => checked(folder, name, unsafe))
    const more = due
      .slice(MAX_HOOKS)
      .map(name => ({ name, path: join(folder, name), refused: `${MAX_HOOKS} are the most` }))
    return [...(await Promise.all(hooks)), ...more.slice(0, 1)]
  } catch (cause) {
    return [{ name: 'hooks.d', path: folder, refused: asBakError(cause).message }]
  }
}

function momentOf(name: string): HookMoment | undefined {
  const [, number] = NAME.exec(name) ?? []
  if (number == null) return undefined
  return Number(number) < FIRST_OF_TERMINATE ? 'join' : 'terminate'
}

async function checked(folder: string, name: string, unsafe: string | undefined): Promise<HookFile> {
  const path = join(folder, name)
  const found = await lstat(path)
  // the mode of a link says nothing
  const refused = unsafe ?? whyNoFile(found) ?? whyUnsafe(found, 'it') ?? whyNotExecutable(found)
  return { name, path, ...(refused == null ? {} : { refused }) }
}

const whyNotExecutable = ({ mode }: Stats) => ((mode & 0o111) === 0 ? 'it is not executable: chmod +x' : undefined)
