import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { snapshot } from '../sysinfo/index.ts'
import { deliver } from './deliver.ts'
import type { PhaseHandler } from './phase.ts'

/** Collects a snapshot of the machine and sends it. */
export const sysinfo: PhaseHandler = async context => {
  const { command, member, signal } = context
  const path = join('sysinfo', command.when ?? 'begin', member.name)
  await mkdir(join(member.data, path), { recursive: true })
  const warnings = await snapshot(join(member.data, path), { signal })
  const produced = await deliver(context, path, `sysinfo ${command.when}`, 'sysinfo')
  return { warnings: warnings.slice(0, 64), produced }
}
