/** `bak stage`: has members store files and folders, lists what they have, and removes it. */
import type { Command } from 'commander'
import { callDaemon } from '../../protocols/control-http.ts'
import { BakError, type ErrorCode, exitStatus } from '../../protocols/errors.ts'
import type { StoredArtifact } from '../../protocols/stage.ts'
import { formatTable } from '../../protocols/text-table.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { currentFolder } from '../first-mistakes.ts'
import { formatAge, formatBytes } from '../format.ts'
import { cleanLine, writeTo } from '../output.ts'

interface Options {
  on?: string
  as?: string
  pin?: boolean
}

export function define(command: Command): void {
  definePut(command.command('put', { isDefault: true }).description('store a file or a folder on members (default)'))
  defineList(command.command('ls').description('what is stored on each member'))
  defineRemove(command.command('rm').description('remove what is stored on members'))
  addExamples(command, {
    'bak stage data/ --on role=db': 'every member has it when this ends; runs that stage it fetch nothing',
    'bak stage model.bin --on all --as model --pin': 'under a name, and kept until it is removed',
    'bak stage ls --on role=db': 'what is there',
    'bak stage rm model': 'from all members'
  })
}

function definePut(command: Command): void {
  command.argument('<path>', 'a file or a folder of this machine').usage('PATH --on SELECTOR [options]')
  addFlag(command, '--on <selector>', 'on which members')
  addFlag(command, '--as <name>', 'a name for it, by which bak stage rm knows it')
  addFlag(command, '--pin', 'keep it there until it is removed, whatever else is stored')
  setAction(command, put)
}

/** A line for each member, as soon as it has all, or failed. */
async function put({ socket, json, print }: Context, { on, as, pin }: Options, path = ''): Promise<number> {
  if (on == null) throw new BakError('usage', `on which members? bak stage ${path} --on SELECTOR`)
  let failed: ErrorCode | undefined
  let all = 0
  const told = new Map<string, string>()
  for await (const answer of callDaemon(socket, 'stage', { path, directory: currentFolder(), on, as, pin })) {
    if (answer.state === 'failed') failed ??= answer.code
    if (answer.state === 'here') all++
    if (json) await print(JSON.stringify(answer))
    else if (answer.state === 'taken')
      await print(`${path}: ${formatBytes(answer.bytes)}, ${answer.digest.slice(0, 16)}`)
    else if (answer.state === 'failed') await print(`${answer.name}: ${answer.error}`)
    else if (answer.state === 'here') {
      const came = answer.bytes === 0 ? 'has it' : `fetched ${formatBytes(answer.bytes)}`
      await print(
        `${answer.name}: ${came}${answer.bytes > answer.source ? `, ${formatBytes(answer.source)} from here` : ''}`
      )
    } else if (process.stderr.isTTY) {
      told.set(answer.name, `${answer.name} ${formatBytes(answer.done)}`)
      await writeTo(
        process.stderr,
        `${cleanLine([...told.values()].slice(-4).join(', '))} of ${formatBytes(answer.total)}\r`
      )
    }
  }
  if (all === 0 && failed == null) throw new BakError('lost-contact', 'lost contact before it was known who has it')
  return failed == null ? 0 : exitStatus[failed]
}

function defineList(command: Command): void {
  addFlag(command, '--on <selector>', 'only these members')
  setAction(command, list)
}

async function list({ socket, json, print, printLines }: Context, { on }: Options): Promise<number> {
  let failed: ErrorCode | undefined
  const rows: Array<Array<string | number | undefined>> = []
  const failures: string[] = []
  for await (const answer of callDaemon(socket, 'staged', { on })) {
    if (answer.error != null) failed ??= answer.code ?? 'unreachable'
    if (json) await print(JSON.stringify(answer))
    else if (answer.error != null) failures.push(`${answer.name}: ${answer.error}`)
    for (const artifact of answer.artifacts) {
      const { name, digest, kind, bytes, entries, used, by, byName } = artifact
      rows.push([
        ...[answer.name, name, digest.slice(0, 16), kind === 'file' ? kind : `${entries} entries`, formatBytes(bytes)],
        keptFor(artifact),
        ...[formatAge(Date.now() - used), byName ?? by]
      ])
    }
  }
  if (json) return failed == null ? 0 : exitStatus[failed]
  if (rows.length === 0) await print('nothing is staged')
  else {
    await printLines(formatTable(['MEMBER', 'NAME', 'DIGEST', 'KIND', 'BYTES', 'KEPT', 'USED', 'STORED BY'], rows))
  }
  for (const each of failures) await print(each)
  return failed == null ? 0 : exitStatus[failed]
}

const keptFor = ({ pinned, needed, releases = [] }: StoredArtifact): string =>
  [...(pinned ? ['pinned'] : []), ...(needed ? ['in use'] : []), ...releases.map(each => `release ${each}`)].join(', ')

function defineRemove(command: Command): void {
  command.argument('<what>', 'its name, or its digest or the begin of that')
  addFlag(command, '--on <selector>', 'only on these members')
  setAction(command, remove)
}

async function remove({ socket, json, print }: Context, { on }: Options, what = ''): Promise<number> {
  let failed: ErrorCode | undefined
  let removed = 0
  for await (const answer of callDaemon(socket, 'unstage', { what, on })) {
    if (answer.state === 'removed') removed++
    if (answer.state === 'failed') failed ??= answer.code
    if (json) await print(JSON.stringify(answer))
    else if (answer.state === 'removed') await print(`${answer.name}: removed ${answer.digest.slice(0, 16)}`)
    else if (answer.state === 'failed') await print(`${answer.name}: ${answer.error}`)
  }
  if (removed === 0 && failed == null) throw new BakError('unknown-digest', `no member has ${what}: bak stage ls`)
  return failed == null ? 0 : exitStatus[failed]
}
