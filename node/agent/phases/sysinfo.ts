/** Collects a snapshot of the machine and sends it. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { sysinfoFolder } from '../../../protocols/layout.ts'
import { snapshot } from '../sysinfo/index.ts'
import { deliver } from './deliver.ts'
import type { PhaseHandler } from './phase.ts'

export const sysinfo: PhaseHandler = async context => {
  const { command, member, signal } = context
  const path = sysinfoFolder(command.when ?? 'begin', member.name)
  await mkdir(join(member.data, path), { recursive: true })
  const warnings = await snapshot(join(member.data, path), { signal })
  const { produced, warnings: left } = await deliver(context, path, `sysinfo ${command.when}`, 'sysinfo')
  return { warnings: [...left, ...warnings].slice(0, 64), produced }
}
