/** `bak gc`: deletes what is left on this peer of runs that are over; with `--keep` results that are elsewhere, too. */
import type { Command } from 'commander'
import type { CallResponse } from '../../protocols/control.ts'
import { callDaemon } from '../../protocols/control-http.ts'
import { readDuration } from '../../protocols/duration.ts'
import { BakError, exitStatus } from '../../protocols/errors.ts'
import { formatTable } from '../../protocols/text-table.ts'
import { readKeep } from '../../protocols/where/keep.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { formatAge, formatBytes, formatTime } from '../format.ts'
import { parseEach } from '../spec-flags.ts'

interface Options {
  older?: string
  dryRun?: boolean
  keep?: string[]
  force?: boolean
}

type Pruned = CallResponse<'prune'>

export function define(command: Command): void {
  command.argument('[run]', 'any unique part of its id')
  addFlag(command, '--older <time>', 'only what is at least so old, such as 12h or 7d')
  addFlag(
    command,
    '--keep <which>',
    'delete results that were copied elsewhere, but for the newest (20), young ones (30d), or those that fit (tags.keep); repeatable',
    parseEach
  )
  addFlag(command, '--force', 'with --keep: also results that are nowhere else')
  addFlag(command, '--dry-run', 'delete nothing, and list what would be')
  addExamples(command, {
    'bak gc --older 0s --dry-run': 'all that nobody has collected from this peer',
    'bak gc k3f9ab': 'gives up what this peer still has of one run',
    'bak gc --older 7d':
      'without it, what is as old as the setting leftovers says; the daemon deletes that by itself, too',
    'bak gc --keep 50 --keep 30d --keep tags.baseline':
      'results; of the others each that is in an archive, a folder or on a server; 2 if one is not'
  })
  setAction(command, act)
}

async function act(context: Context, { older, dryRun, keep, force }: Options, run?: string): Promise<number> {
  if (keep != null) {
    if (run != null || older != null)
      throw new BakError('usage', '--keep is about results: leave out the run and --older, or say --keep 7d')
    for (const each of keep) readKeep(each)
    return prune(context, { keep, force, dryRun })
  }
  if (force) throw new BakError('usage', '--force is for --keep; bak rm RUN deletes a result')
  const { json, ask, print, printLines } = context
  const olderThanMs = older == null ? undefined : readDuration(older)
  const { deleted } = await ask('gc', { run, olderThanMs, dryRun })
  if (json) await print(JSON.stringify({ deleted, dryRun }))
  else if (deleted.length === 0) await print('nothing of that age is left of runs that are over')
  else {
    const rows = deleted.map(({ kind, run, files, bytes, since }) => [
      ...[run, kind, files],
      formatBytes(bytes),
      formatAge(Date.now() - since)
    ])
    await printLines(formatTable([dryRun ? 'WOULD DELETE' : 'DELETED', 'KIND', 'FILES', 'BYTES', 'AGE'], rows))
  }
  return 0
}

/** @returns 2 where a result stays that nothing said should */
async function prune(
  { socket, json, print, printLines }: Context,
  request: { keep: string[]; force?: boolean; dryRun?: boolean }
): Promise<number> {
  const pruned: Pruned[] = []
  for await (const each of callDaemon(socket, 'prune', request)) pruned.push(each)
  const stays = pruned.filter(({ isDeleted }) => !isDeleted)
  if (json) await print(JSON.stringify({ results: pruned, dryRun: request.dryRun }))
  else if (pruned.length === 0) await print('no result is beyond what is to be kept')
  else await printLines(formatPruned(pruned, request.dryRun))
  if (!json && stays.length > 0)
    await print(`${stays.length} of ${pruned.length} stay: bak copy them, or --force deletes the only copy`)
  return stays.length > 0 ? exitStatus.partial : 0
}

function formatPruned(pruned: Pruned[], isDry = false): string {
  const rows = pruned.map(({ run, name, created, bytes, isDeleted, at, reason }) => [
    ...[run, name, created == null ? undefined : formatTime(created)],
    bytes == null ? undefined : formatBytes(bytes),
    isDeleted ? (isDry ? 'would be deleted' : 'deleted') : 'stays',
    isDeleted ? (at ?? 'nowhere else') : reason
  ])
  return formatTable(['RUN', 'NAME', 'CREATED', 'BYTES', 'RESULT', 'ELSEWHERE'], rows)
}
