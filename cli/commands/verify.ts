import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { asBakError, BakError, exitStatus } from '../../protocols/errors.ts'
import { verifyFolder } from '../../protocols/verify.ts'
import { addExamples, type Context, setAction } from '../command.ts'

export function define(command: Command): void {
  command.argument('<run>', 'a folder, any unique part of a name, or last')
  addExamples(command, {
    'bak verify last': 'seal, files, certificates, the signature of every answer',
    'bak verify ./20261122T213015-k3f9ab': 'a folder from anywhere; needs no daemon and no network'
  })
  setAction(command, act)
}

async function act(context: Context, _: object, run = ''): Promise<number> {
  const folder = await findFolder(context, run)
  const report = await verifyFolder(folder)
  const { files, certificates, acks, signatures } = report.checked
  if (context.json) await context.print(JSON.stringify({ ...report, folder }))
  else {
    for (const { where, what } of report.faults) await context.print(`${where}: ${what}`)
    const counts = `${files} files, ${certificates} certificates, ${acks} answers, ${signatures} signatures`
    const verdict = report.ok ? 'as it was signed' : `NOT as it was signed, ${report.faults.length} faults`
    await context.print(`run ${report.run}: ${verdict}; ${counts}; ${folder}`)
  }
  return report.ok ? 0 : exitStatus.damaged
}

/** @throws {BakError} `no-such-run` */
async function findFolder({ home, ask }: Context, run: string): Promise<string> {
  if (existsSync(join(run, 'run.json'))) return run
  try {
    const { folder, controller } = await ask('describe', { run })
    if (folder != null) return folder
    throw new BakError('no-such-run', `the folder of ${run} is not here but with ${controller}`)
  } catch (error) {
    if (asBakError(error).code !== 'no-daemon') throw error
    return findOnDisk(join(home, 'runs'), run)
  }
}

async function findOnDisk(runs: string, part: string): Promise<string> {
  const names = (await readdir(runs).catch(() => [])).filter(name => existsSync(join(runs, name, 'run.json'))).sort()
  const found = part === 'last' ? names.slice(-1) : names.filter(name => name.includes(part))
  if (found.length === 1) return join(runs, found[0] as string)
  const problem = found.length === 0 ? 'there is no' : `${found.length} runs match`
  throw new BakError('no-such-run', `${problem} ${part} in ${runs}`)
}
