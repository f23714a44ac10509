/** Where the folder of a result is: a path, what the daemon knows of a run, or without a daemon the folders of its home. */
import { existsSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runsBehind } from '../../protocols/control/runs.ts'
import type { RunView } from '../../protocols/control.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { RECORD_FILE } from '../../protocols/layout.ts'
import type { Context } from '../command.ts'

/** At least one of both. `folder` is on this machine. */
export interface Found {
  folder?: string | undefined
  view?: RunView
}

/** @param run a folder, any unique part of a run id, or `last~1` @throws {BakError} `no-such-run` */
export async function findResult({ home, ask }: Pick<Context, 'home' | 'ask'>, run: string): Promise<Found> {
  if (existsSync(join(run, RECORD_FILE))) return { folder: run }
  const isFolder = statSync(run, { throwIfNoEntry: false })?.isDirectory() === true
  try {
    const view = await ask('describe', { run })
    return { view, folder: view.folder }
  } catch (error) {
    const { code } = asBakError(error)
    if (isFolder && (code === 'no-such-run' || code === 'usage' || code === 'no-daemon' || run.includes('/')))
      throw new BakError('no-such-run', `${run} is a folder without ${RECORD_FILE}`)
    if (code !== 'no-daemon') throw error
    return { folder: await findOnDisk(join(home, 'runs'), run) }
  }
}

async function findOnDisk(runs: string, part: string): Promise<string> {
  const names = (await readdir(runs).catch(() => [])).filter(name => existsSync(join(runs, name, RECORD_FILE))).sort()
  const behind = runsBehind(part)
  const found =
    behind == null ? names.filter(name => name.includes(part)) : names.toReversed().slice(behind, behind + 1)
  if (found.length === 1) return join(runs, found[0] as string)
  const problem = found.length === 0 ? 'no id contains' : `${found.length} ids contain`
  const why =
    (behind ?? 0) === 0 ? `${problem} "${part}" in ${runs}` : `no ${part} in ${runs}: ${names.length} are there`
  throw new BakError('no-such-run', `${why}, and no daemon answers that knows of others`)
}
