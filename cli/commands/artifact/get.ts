/** `bak artifact get`: writes an artifact to this machine, wherever in the mesh it is. */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { callDaemon } from '../../../protocols/control-http.ts'
import { BakError } from '../../../protocols/errors.ts'
import { addExamples, addFlag, type Context, setAction } from '../../command.ts'
import { currentFolder } from '../../first-mistakes.ts'
import { formatBytes } from '../../format.ts'
import { writeTo } from '../../output.ts'

interface Options {
  output?: string
  run?: string
  force?: boolean
}

export function defineGet(command: Command): void {
  command.argument('<what>', 'a digest or its begin, RUN/JOB/OUTPUT, or a release')
  addFlag(command, '-o, --output <path>', 'what it becomes, or the folder into which it goes (here, under its name)')
  addFlag(command, '--run <run>', 'an output of this run: JOB/OUTPUT, or OUTPUT')
  addFlag(command, '--force', 'in the place of what is there')
  addExamples(command, {
    'bak artifact get last/link/app -o out/': 'out/app',
    'bak artifact get link/app --run last -o app.new': 'the same under another name',
    'bak artifact get 3fa9c1d2': 'by the begin of its digest'
  })
  setAction(command, get)
}

async function get({ socket, json, print }: Context, { output, run, force }: Options, what = ''): Promise<void> {
  const request = { what, run, replace: force, ...placeOf(output, currentFolder()) }
  let hasCome = false
  for await (const answer of callDaemon(socket, 'get-artifact', request)) {
    hasCome = answer.state === 'here'
    if (json) await print(JSON.stringify(answer))
    else if (answer.state === 'here') {
      const { path, bytes, fetched, digest } = answer
      await print(`${path}: ${formatBytes(bytes)}, ${digest.slice(0, 16)}${fetched === 0 ? ', was here' : ''}`)
    } else await showProgress(answer)
  }
  if (!hasCome) throw new BakError('lost-contact', 'lost contact with the daemon before it was written')
}

/** @param folder of the caller @returns a folder where one is meant or is there, a path otherwise. */
export function placeOf(output: string | undefined, folder: string): { path: string } | { folder: string } {
  if (output == null) return { folder }
  const path = resolve(folder, output)
  const isFolder = output.endsWith('/') || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  return isFolder ? { folder: path } : { path }
}

export async function showProgress({ done, total }: { done: number; total: number }): Promise<void> {
  if (process.stderr.isTTY) await writeTo(process.stderr, `${formatBytes(done)} of ${formatBytes(total)}\r`)
}
