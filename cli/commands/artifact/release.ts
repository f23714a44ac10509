/** `bak artifact release` and `rm`: what this peer keeps under a name. */
import type { Command } from 'commander'
import { callDaemon } from '../../../protocols/control-http.ts'
import { BakError } from '../../../protocols/errors.ts'
import { addExamples, addFlag, type Context, setAction } from '../../command.ts'
import { formatBytes } from '../../format.ts'
import { showProgress } from './get.ts'

interface ReleaseOptions {
  run?: string
  replace?: boolean
}

export function defineRelease(command: Command): void {
  command.argument('<what>', 'a digest or its begin, RUN/JOB/OUTPUT, or another release')
  command.argument('<name>', 'under which every peer finds it')
  addFlag(command, '--run <run>', 'an output of this run: JOB/OUTPUT, or OUTPUT')
  addFlag(command, '--replace', 'also where something else has the name')
  addExamples(command, {
    'bak artifact release last/link/app app-1.2':
      'fetched first if it is elsewhere, and kept until bak artifact rm app-1.2'
  })
  setAction(command, release)
}

async function release(
  { socket, json, print }: Context,
  { run, replace }: ReleaseOptions,
  what = '',
  name = ''
): Promise<void> {
  let isKept = false
  for await (const answer of callDaemon(socket, 'release-artifact', { what, name, run, replace })) {
    isKept = answer.state === 'released'
    if (json) await print(JSON.stringify(answer))
    else if (answer.state === 'released') {
      const instead = answer.former == null ? '' : `, instead of ${answer.former.slice(0, 16)}`
      await print(`${name}: ${answer.digest.slice(0, 16)}, ${formatBytes(answer.bytes)}${instead}`)
    } else await showProgress(answer)
  }
  if (!isKept) throw new BakError('lost-contact', 'lost contact with the daemon before it was kept')
}

export function defineRemove(command: Command): void {
  command.argument('<what>', 'a release, a digest or its begin, or RUN/JOB/OUTPUT')
  addFlag(command, '--run <run>', 'an output of this run: JOB/OUTPUT, or OUTPUT')
  addExamples(command, {
    'bak artifact rm app-1.2': 'the name is free; what it was goes when room is needed',
    'bak artifact rm 3fa9c1d2': 'what is stored on this peer; bak stage rm removes it elsewhere'
  })
  setAction(command, remove)
}

async function remove({ json, ask, print }: Context, { run }: ReleaseOptions, what = ''): Promise<void> {
  const removed = await ask('remove-artifact', { what, run })
  const { digest, release: name, isDeleted, bytes } = removed
  if (json) return print(JSON.stringify(removed))
  const of = `${digest.slice(0, 16)}, ${formatBytes(bytes)}`
  await print(isDeleted ? `deleted ${of}` : `${name} is no release any more: ${of}`)
}
