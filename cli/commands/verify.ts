/** `bak verify`: verifies signatures and digests of a result, offline. */
import { existsSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { checkCertificate, readEvidence } from '../../protocols/certificate.ts'
import { decode } from '../../protocols/codec.ts'
import type { RunView } from '../../protocols/control.ts'
import { type Envelope, envelope } from '../../protocols/envelope.ts'
import { asBakError, BakError, exitStatus } from '../../protocols/errors.ts'
import { RECORD_FILE } from '../../protocols/layout.ts'
import { verifyFolder } from '../../protocols/verify.ts'
import { addExamples, type Context, setAction } from '../command.ts'

export function define(command: Command): void {
  command.argument('<run>', 'a folder, any unique part of a run id, or last')
  addExamples(command, {
    'bak verify last': 'checks the seal, the files, the certificates and the signature of every ack',
    'bak verify ./20261122T213015-k3f9ab': 'any folder of a result; needs no daemon and no network'
  })
  setAction(command, act)
}

async function act(context: Context, _: object, run = ''): Promise<number> {
  const found = await find(context, run)
  if (typeof found !== 'string') return verifyElsewhere(context, found)
  const report = await verifyFolder(found)
  const { files, certificates, acks, signatures } = report.checked
  if (context.json) await context.print(JSON.stringify({ ...report, folder: found }))
  else {
    for (const { where, what } of report.faults) await context.print(`${where}: ${what}`)
    for (const { path, reason } of report.unproven) await context.print(`${path}: not in the seal: ${reason}`)
    const counts = `${files} files, ${certificates} certificates, ${acks} acks, ${signatures} signatures`
    const verdict = report.ok ? 'as it was signed' : `NOT as it was signed, ${report.faults.length} faults`
    await context.print(`run ${report.run}: ${verdict}; ${counts}; ${found}`)
  }
  return report.ok ? 0 : exitStatus.damaged
}

/** Checks the certificates that this peer has of a run whose folder is on another peer. */
async function verifyElsewhere(context: Context, view: RunView): Promise<number> {
  const evidence = readEvidence({ manifest: opened(view.manifest), offer: opened(view.offer) })
  const checked = view.certificates.map(each => checkCertificate(opened(each) as Envelope, evidence))
  const faults = checked.flatMap(({ value, faults }) =>
    faults.map(what => ({ where: value?.phase ?? 'certificate', what }))
  )
  const answers = checked.reduce((sum, { acks }) => sum + acks.length, 0)
  const ok = faults.length === 0 && checked.length > 0
  const { run, controller, holder } = view
  if (context.json)
    await context.print(JSON.stringify({ run, controller, holder, ok, certificates: checked.length, answers, faults }))
  else {
    for (const { where, what } of faults) await context.print(`${where}: ${what}`)
    const verdict = ok ? 'certificates as they were signed' : 'NOT proven'
    const where = holder == null ? 'no peer that can be reached has the folder' : `the folder is on ${holder}`
    await context.print(`run ${run}: ${verdict}; ${checked.length} certificates, ${answers} acks; ${where}`)
  }
  return ok ? 0 : exitStatus.damaged
}

const opened = (base64: string | undefined): Envelope | undefined =>
  base64 == null ? undefined : decode(envelope, new Uint8Array(Buffer.from(base64, 'base64')))

/** @returns the folder, or what the daemon knows of the run if the folder is on another peer. @throws {BakError} `no-such-run` */
async function find({ home, ask }: Context, run: string): Promise<string | RunView> {
  if (existsSync(join(run, RECORD_FILE))) return run
  const isFolder = statSync(run, { throwIfNoEntry: false })?.isDirectory() === true
  try {
    const view = await ask('describe', { run })
    return view.folder ?? view
  } catch (error) {
    const { code } = asBakError(error)
    if (isFolder && (code === 'no-such-run' || code === 'usage' || code === 'no-daemon' || run.includes('/')))
      throw new BakError('no-such-run', `${run} is a folder without ${RECORD_FILE}`)
    if (code !== 'no-daemon') throw error
    return findOnDisk(join(home, 'runs'), run)
  }
}

async function findOnDisk(runs: string, part: string): Promise<string> {
  const names = (await readdir(runs).catch(() => [])).filter(name => existsSync(join(runs, name, RECORD_FILE))).sort()
  const found = part === 'last' ? names.slice(-1) : names.filter(name => name.includes(part))
  if (found.length === 1) return join(runs, found[0] as string)
  const problem = found.length === 0 ? 'no id contains' : `${found.length} ids contain`
  throw new BakError('no-such-run', `${problem} "${part}" in ${runs}`)
}
