/** A snapshot of the machine: one small file a subject. Nothing in it comes from environment variables. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
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

/** Longest that a snapshot may take, in ms; a collector that is not done then is left out. */
const LIMIT = 1_900
/** When collectors are asked to come to an end with what they have, in ms. */
const SOFT_LIMIT = 1_500

/**
 * Writes `<subject>.json` and `<subject>.txt` into the folder, which exists.
 * @returns warnings of what could not be had. Never rejects.
 */
export async function snapshot(folder: string, { signal }: { signal: AbortSignal }): Promise<string[]> {
  const warnings: string[] = []
  const warn = (text: string) => void warnings.push(text)
  const soft = AbortSignal.any([signal, AbortSignal.timeout(SOFT_LIMIT)])
  const hard = expiry(AbortSignal.any([signal, AbortSignal.timeout(LIMIT)]))
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

function expiry(signal: AbortSignal): Promise<never> {
  const expired = new Promise<never>((_, reject) => {
    const fail = () => reject(new Error('not read in time'))
    if (signal.aborted) fail()
    else signal.addEventListener('abort', fail, { once: true })
  })
  // the snapshot may be over long before
  expired.catch(() => {})
  return expired
}
