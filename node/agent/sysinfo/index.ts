/** A snapshot of the machine: one small file per subject. It contains no environment variables. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onAbort } from '../../wait.ts'
import type { Collector } from './collector.ts'
import { cpu } from './cpu.ts'
import { disks } from './disks.ts'
import { kernel } from './kernel.ts'
import { memory } from './memory.ts'
import { mitigations } from './mitigations.ts'
import { network } from './network.ts'
import { os } from './os.ts'
import { packages } from './packages.ts'
import { sysctl } from './sysctl.ts'

const collectors: Collector[] = [os, kernel, cpu, memory, disks, network, mitigations, sysctl, packages]

/** A collector that is not done then is left out. */
const TIMEOUT_MS = 1_900
/** Collectors are then asked to return what they have so far. */
const SOFT_TIMEOUT_MS = 1_500

/**
 * Writes `<subject>.json` and `<subject>.txt` into an existing folder.
 * @returns a warning for each file that could not be written. Never rejects.
 */
export async function snapshot(folder: string, { signal }: { signal: AbortSignal }): Promise<string[]> {
  const warnings: string[] = []
  const warn = (text: string) => void warnings.push(text)
  const soft = AbortSignal.any([signal, AbortSignal.timeout(SOFT_TIMEOUT_MS)])
  const hard = rejectOnAbort(AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]))
  const write = async ({ file, collect }: Collector) => {
    const found = await Promise.race([collect({ signal: soft, warn }), hard])
    await writeFile(join(folder, file), typeof found === 'string' ? found : `${JSON.stringify(found, null, 2)}\n`)
  }
  const outcomes = await Promise.allSettled(collectors.map(write))
  outcomes.forEach((outcome, i) => {
    if (outcome.status === 'rejected') warn(`${collectors[i]?.file}: ${outcome.reason.message}`)
  })
  return warnings
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  const expired = new Promise<never>((_, reject) => {
    onAbort(signal, () => reject(new Error('not read in time')))
  })
  // usually the snapshot is over before the timeout
  expired.catch(() => {})
  return expired
}
