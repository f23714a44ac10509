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
  const missing = await snapshot(join(member.data, path), { signal })
  return { missing, ...(await deliver(context, path, `sysinfo ${command.when}`, 'sysinfo')) }
}
