/** The folders of one program: where it runs, where its files belong, and how they get there when it has ended. */
import { mkdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Isolation } from './isolation.ts'
import type { Places, Prepared, ProgramOfRun, Treatment, WorkProgram } from './programs.ts'
import type { WorkFolders } from './work-folders.ts'

export interface ProgramFolders {
  cwd: string
  tmp?: string | undefined
  /** Folders beside `cwd` that it may write in. */
  writable: string[]
  /** Folders that count for what the run has written, beside the data of the run. */
  counted: string[]
  /** Of a workload. */
  prepared?: Prepared
  /** @returns what is odd about its files */
  collect(): Promise<string[]>
  /** Instead of `collect`, for a program that did not start. */
  discard(): void
}

interface FoldersInit {
  isolation: Isolation
  treatment: Treatment
  /** Where programs run as another user. */
  workFolders: WorkFolders | undefined
}

const kept = { counted: [], collect: async (): Promise<string[]> => [], discard: () => {} }

/** @throws what the preparation of a workload throws; no folder of it is left then */
export async function foldersFor(program: ProgramOfRun, init: FoldersInit): Promise<ProgramFolders> {
  const { work, beside, folder } = program
  const { isolation } = init
  const outside = isolation.how === 'user' ? init.workFolders : undefined
  const tmp = isolation.how === 'sandbox' ? '/tmp' : undefined
  if (beside != null) {
    const { cwd, out } = beside.places
    return { ...kept, cwd, tmp, writable: [out] }
  }
  if (work != null) {
    return outside == null ? workInside(folder, work, init) : workOutside(folder, work, init.treatment, outside)
  }
  if (outside == null) return { ...kept, cwd: folder, tmp, writable: [] }
  const cwd = outside.make(folder)
  const temporary = outside.make(join(dirname(folder), `.tmp-${basename(folder)}`))
  const collect = async () => {
    outside.remove(temporary)
    return inWords(await outside.collect(cwd))
  }
  const discard = () => removeAll(outside, [temporary, cwd])
  return { cwd, tmp: temporary, writable: [], counted: [cwd, temporary], collect, discard }
}

/** In the home, as the user of the daemon. */
async function workInside(
  out: string,
  { folder: cwd, counted = cwd, prepare }: WorkProgram,
  { isolation, treatment }: FoldersInit
): Promise<ProgramFolders> {
  const remove = () => rm(cwd, { recursive: true, force: true }).catch(() => {})
  await remove()
  await mkdir(cwd, { recursive: true, mode: 0o700 })
  const prepared = await prepare({ cwd, out, treatment }).catch(async cause => {
    await remove()
    throw cause
  })
  const collect = async () => {
    await remove()
    return []
  }
  const tmp = isolation.how === 'sandbox' ? '/tmp' : undefined
  const writable = [out, ...(prepared.shown ?? [])]
  return { cwd, tmp, writable, counted: [counted], prepared, collect, discard: () => void remove() }
}

/** Nobody but the daemon can change what the working folder has while it is filled: another program of the user might put a link there. */
async function workOutside(
  folder: string,
  work: WorkProgram,
  treatment: Treatment,
  outside: WorkFolders
): Promise<ProgramFolders> {
  const cwd = outside.makeClosed(work.folder)
  const out = outside.make(folder)
  const tmp = outside.make(join(dirname(work.folder), `.tmp-${basename(work.folder)}`))
  const discard = () => removeAll(outside, [tmp, cwd, out])
  const places: Places = { cwd, out, owner: outside.owner, treatment }
  const prepared = await work.prepare(places).catch(cause => {
    discard()
    throw cause
  })
  outside.handOver(cwd)
  const collect = async () => {
    removeAll(outside, [tmp, cwd])
    return inWords(await outside.collect(out))
  }
  return {
    cwd,
    tmp,
    writable: [out],
    counted: [cwd, out, tmp, ...(work.counted == null ? [] : [work.counted])],
    prepared,
    collect,
    discard
  }
}

function removeAll(outside: WorkFolders, folders: string[]): void {
  for (const each of folders) outside.remove(each)
}

const inWords = (left: string[]) =>
  left.length === 0 ? [] : [`left out, as files of another user or of this peer: ${left.join(', ').slice(0, 200)}`]
