/** A snapshot of the machine: one small file per subject. It contains no environment variables. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Missing } from '../../../protocols/shortfall.ts'
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
 * @returns each file that could not be written, or was cut off. Never rejects.
 */
export async function snapshot(folder: string, { signal }: { signal: AbortSignal }): Promise<Missing[]> {
  const missing: Missing[] = []
  const miss = (what: string, reason: string) => void missing.push({ kind: 'sysinfo', what, reason })
  const soft = AbortSignal.any([signal, AbortSignal.timeout(SOFT_TIMEOUT_MS)])
  const hard = rejectOnAbort(AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]))
  const write = async ({ file, collect }: Collector) => {
    const found = await Promise.race([collect({ signal: soft, cut: reason => miss(file, reason) }), hard])
    await writeFile(join(folder, file), typeof found === 'string' ? found : `${JSON.stringify(found, null, 2)}\n`)
  }
  const outcomes = await Promise.allSettled(collectors.map(write))
  outcomes.forEach((outcome, i) => {
    if (outcome.status === 'rejected') miss(collectors[i]?.file as string, outcome.reason.message)
  })
  return missing
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  const expired = new Promise<never>((_, reject) => {
    onAbort(signal, () => reject(new Error('not read in time')))
  })
  // usually the snapshot is over before the timeout
  expired.catch(() => {})
  return expired
}
