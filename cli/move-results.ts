/** Brings results to a destination, one after the other: `bak move` and `bak copy`. */
import type { Command } from 'commander'
import { callDaemon } from '../protocols/control-http.ts'
import { anchoredDestination, readDestination } from '../protocols/destination.ts'
import { BakError } from '../protocols/errors.ts'
import type { Context } from './command.ts'
import { addDatasetFlags, type DatasetFlags, tokenOf, withDataset } from './dataset-flags.ts'
import { currentFolder } from './first-mistakes.ts'
import { formatBytes } from './format.ts'
import { cleanLine, writeTo } from './output.ts'

export function defineMove(command: Command): void {
  command
    .usage('[options] <run...> <destination>')
    .argument(
      '<words...>',
      'runs, by any unique part of their ids or last; then archive, a member, a folder (/x, ./x), or https://SERVER of pbench'
    )
  addDatasetFlags(command)
}

/** @param words runs, and at last the destination */
export async function moveResults(
  { socket, json, print }: Context,
  { keep = false, ...flags }: DatasetFlags & { keep?: boolean },
  words: string[]
): Promise<void> {
  const [typed, runs] = [words.at(-1) ?? '', words.slice(0, -1)]
  if (runs.length === 0)
    throw new BakError('usage', `a destination is missing: bak ${keep ? 'copy' : 'move'} RUN DESTINATION`)
  const to = withDataset(anchoredDestination(typed, currentFolder()), flags)
  const { kind } = readDestination(to)
  const token = kind === 'server' ? await tokenOf(flags) : undefined
  const call = { to, keep, ...(token != null && { token }) }
  for (const run of runs) {
    let last: { finished: boolean } | undefined
    for await (const answer of callDaemon(socket, 'move', { run, ...call })) {
      last = answer
      const { to: place, note, done, total, step, finished } = answer
      if (json) await print(JSON.stringify(answer))
      else if (finished) {
        const where = kind === 'folder' ? 'in' : kind === 'server' ? 'at' : 'with'
        const why = note == null ? '' : `; ${note}`
        await print(`run ${answer.run} is ${where} ${place}, ${formatBytes(total)}${keep ? ', and here' : ''}${why}`)
      } else if (process.stderr.isTTY) {
        const doing = step == null ? '' : `${step}, `
        await writeTo(process.stderr, `${cleanLine(doing)}${formatBytes(done)} of ${formatBytes(total)}\u001b[K\r`)
      }
    }
    if (last?.finished !== true)
      throw new BakError('lost-contact', `lost contact before it was known whether run ${run} was moved`)
  }
}
