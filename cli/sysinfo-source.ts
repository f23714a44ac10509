/** Where `bak sysinfo` gets its files: from the members as they are now, or from the folder of a result. */
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { callDaemon } from '../protocols/control-http.ts'
import { BakError } from '../protocols/errors.ts'
import { type SysinfoWhen, sysinfoFolder } from '../protocols/layout.ts'
import type { Missing } from '../protocols/shortfall.ts'
import { type ItemName, itemOf } from '../protocols/sysinfo/items.ts'
import type { SysinfoFile } from '../protocols/sysinfo/live.ts'
import type { Context } from './command.ts'

export interface MachineSysinfo {
  member: string
  files: SysinfoFile[]
  missing: Missing[]
  /** Why nothing of it is here. */
  error?: string | undefined
}

interface Asked {
  on?: string | undefined
  items: ItemName[]
}

/** As the members are now. */
export async function* liveSysinfo(
  { socket }: Pick<Context, 'socket'>,
  { on, items, watch }: Asked & { watch?: number }
): AsyncGenerator<MachineSysinfo> {
  for await (const { name: member, files, missing, error } of callDaemon(socket, 'sysinfo', { on, items, watch })) {
    yield { member, files, missing, error }
  }
}

/**
 * As the members were when a run began or ended.
 * @param on names of members with commas; all where it is left out
 * @throws {BakError} `no-such-run` where the folder is not here, `usage` for a member that has nothing in it
 */
export async function* storedSysinfo(
  { ask }: Pick<Context, 'ask'>,
  reference: string,
  { on, items, when }: Asked & { when: SysinfoWhen }
): AsyncGenerator<MachineSysinfo> {
  const { run, folder, holder } = await ask('describe', { run: reference })
  if (folder == null) {
    const where = holder == null ? 'no peer that can be reached has it' : `it is on ${holder}: bak sysinfo ${run} there`
    throw new BakError('no-such-run', `the result of ${run} is not on this machine; ${where}`)
  }
  const members = await readdir(join(folder, dirname(sysinfoFolder(when, 'member')))).catch((): string[] => [])
  if (members.length === 0)
    throw new BakError('no-such-run', `${run} has no sysinfo of its ${when}: --sysinfo of bak run`)
  const wanted = on == null || on === 'all' ? members.sort() : on.split(',')
  const unknown = wanted.filter(name => !members.some(each => each === name))
  if (unknown.length > 0) {
    throw new BakError('usage', `${unknown.join(', ')}: not in ${run}, which has ${members.sort().join(', ')}`)
  }
  for (const member of wanted) yield { member, ...(await readStored(join(folder, sysinfoFolder(when, member)), items)) }
}

async function readStored(folder: string, items: ItemName[]): Promise<Omit<MachineSysinfo, 'member'>> {
  const files: SysinfoFile[] = []
  const missing: Missing[] = []
  for (const name of items) {
    const { file } = itemOf(name)
    const text = await readFile(join(folder, file), 'utf8').catch(() => undefined)
    if (text != null) files.push({ file, text })
    else missing.push({ kind: 'sysinfo', what: file, reason: 'not in the result' })
  }
  return { files, missing }
}
