/** Collects a snapshot of the machine and sends it. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { sysinfoFolder } from '../../../protocols/layout.ts'
import { factsOf } from '../../../protocols/sysinfo/comparable-facts.ts'
import { itemsOf } from '../../../protocols/sysinfo/items.ts'
import { snapshot } from '../sysinfo/index.ts'
import { deliver } from './deliver.ts'
import type { PhaseHandler } from './phase.ts'

/** The rest of the phase is for sending. */
const PART_OF_DEADLINE = 0.75

export const sysinfo: PhaseHandler = async context => {
  const { command, member, signal } = context
  const when = command.when ?? 'begin'
  const path = sysinfoFolder(when, member.name)
  await mkdir(join(member.data, path), { recursive: true })
  const texts: Array<[file: string, text: string]> = []
  const missing = await snapshot(
    join(member.data, path),
    {
      items: itemsOf(member.offer.spec.sysinfo, when),
      home: member.data,
      inSet: !Array.isArray(member.offer.spec.sysinfo),
      signal,
      // a deadline of 0 is none
      within: command.deadline > 0 ? command.deadline * PART_OF_DEADLINE : undefined
    },
    (file, text) => texts.push([file, text])
  )
  if (when === 'begin') member.machine.noteSnapshot(factsOf(texts))
  return { missing, ...(await deliver(context, path, `sysinfo ${command.when}`, 'sysinfo')) }
}
