/** `bak-node install`: writes the systemd unit of this peer. */
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { BakError } from '../../protocols/errors.ts'
import { addCommand, example, homeOf, print } from '../command.ts'
import { checkFlags, loadConfig } from '../config.ts'
import { addSettings, flagsOf, wordsOf } from '../daemon-flags.ts'
import { isManaged, systemctl } from '../service/manager.ts'
import { startOf } from '../service/own-program.ts'
import type { Place } from '../service/places.ts'
import { makeRunUser } from '../service/run-user.ts'
import { unitText } from '../service/unit.ts'
import { writeUnit } from '../service/unit-file.ts'
import { unlessMissing } from '../store/disk.ts'
import { type Home, homeAt } from '../store/home.ts'

export function addInstall(program: Command): void {
  const command = addCommand(program, 'install', 'write a systemd unit that starts this peer with the machine', act)
  addPlace(command)
  command.option('--print', 'print the unit and write nothing')
  addSettings(command)
  command.addHelpText(
    'after',
    `\nSettings of config.toml in the home are read at each start; settings given here are written to the unit.\n${example(
      'sudo bak-node install --label role=db && sudo systemctl enable --now bak-node',
      ''
    )}`
  )
}

/** Flags that say which unit. */
export function addPlace(command: Command): void {
  command
    .option('--user', "for this user's service manager, without root (default: for the system's)")
    .option('--unit <name>', 'name of the unit, for a second home on one machine', 'bak-node')
    .option('--root <dir>', 'write below another root, as systemctl --root does', '/')
}

/** @throws {BakError} `usage` for a root that does not exist */
export async function placeOf(command: Command): Promise<Place> {
  const { user, root } = command.opts()
  const found = await stat(root).catch(() => undefined)
  if (!found?.isDirectory()) throw new BakError('usage', `--root ${root}: the folder does not exist`)
  return { scope: user ? 'user' : 'system', root: resolve(root) }
}

async function act(command: Command): Promise<void> {
  const { unit, print: onlyPrint } = command.opts()
  const { user: _, unit: __, root: ___, print: ____, ...flags } = flagsOf([command])
  const place = await placeOf(command)
  const root = homeOf(command)
  const home = homeAt(join(place.root, root))
  // writes no unit whose daemon would fail at once
  await loadConfig(home, checkFlags(flags))
  const text = unitText({ scope: place.scope, home: root, ...startOf(['--home', root, 'daemon', ...wordsOf(flags)]) })
  if (onlyPrint) return void process.stdout.write(text)
  await refuseForeignHome(home)
  print(`wrote ${await writeUnit(place, unit, root, text)}`)
  for (const line of [...(await makeRunUser(place)), ...(await advice(place, unit, home))]) print(line)
}

/** A daemon of another user could not start there. */
async function refuseForeignHome({ root }: Home): Promise<void> {
  const uid = process.getuid?.()
  const owner = (await unlessMissing(stat(root)))?.uid
  if (owner == null || uid == null || owner === uid) return
  throw new BakError(
    'not-allowed',
    `${root} belongs to another user (${owner}): choose another --home, or install the unit as that user with --user`
  )
}

async function advice(place: Place, unit: string, home: Home): Promise<string[]> {
  if (place.root !== '/') return [`next: systemctl --root=${place.root} enable ${unit}`]
  const lines = [`next: ${systemctl(place, 'daemon-reload')} && ${systemctl(place, 'enable', '--now', unit)}`]
  if (!isManaged(place)) lines.unshift('systemd does not run here: the unit starts when it does')
  if (place.scope === 'user') lines.push('to run it while you are not logged in: loginctl enable-linger')
  if ((await unlessMissing(stat(home.mesh))) == null) {
    lines.push(`${home.root} is in no mesh yet and would found one; to join another, first: bak-node daemon join -`)
  }
  return lines
}
