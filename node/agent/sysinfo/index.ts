/** A snapshot of the machine: one file an item. It contains no environment variables, and what may be a secret is hidden. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Missing } from '../../../protocols/shortfall.ts'
import { type ItemName, itemOf } from '../../../protocols/sysinfo/items.ts'
import { within } from '../../wait.ts'
import { cgroups } from './cgroups.ts'
import { type Collector, redact, redactAll } from './collector.ts'
import { containers } from './containers.ts'
import { cpu } from './cpu.ts'
import { disks } from './disks.ts'
import { dmesg } from './dmesg.ts'
import { ethtool } from './ethtool.ts'
import { firmware } from './firmware.ts'
import { kernel } from './kernel.ts'
import { kernelConfig } from './kernel-config.ts'
import { memory } from './memory.ts'
import { mitigations } from './mitigations.ts'
import { modules } from './modules.ts'
import { network } from './network.ts'
import { noise } from './noise.ts'
import { numa } from './numa.ts'
import { os } from './os.ts'
import { allPackages, packages } from './packages.ts'
import { sysctl } from './sysctl.ts'
import { topology } from './topology.ts'
import { virtualization } from './virtualization.ts'

const collectors: Record<ItemName, Collector> = {
  ...{ os, kernel, 'kernel-config': kernelConfig, modules, sysctl },
  ...{ cpu, topology, numa, mitigations, memory, disks, network },
  ...{ firmware, virtualization, cgroups, packages, noise },
  ...{ ethtool, containers, 'packages-all': allPackages, dmesg }
}

/** An item without a deadline of its own that is not there then is left out, ms. */
const DEADLINE_MS = 1_900
/** Part of its time after which an item is asked to return what it has so far. */
const SOFT_PART = 0.8
const MAX_DEADLINE_MS = 60_000
/** Counters are watched for as long as the other items of `default` take anyway, ms. */
const WATCH_MS = 200
/** Bytes of a file. */
const MAX_FILE_BYTES = 2 * 1024 * 1024

export interface SnapshotInit {
  items: ItemName[]
  signal: AbortSignal
  /** The folder of this daemon. */
  home: string
  /** No item takes longer, whatever its own deadline is, ms. */
  within?: number
  /** For how long counters are watched, ms. */
  watch?: number
  /** The items were asked for in a set: those of which a machine has none are not missing. */
  inSet?: boolean
}

/**
 * Collects all items at the same time, each within its own deadline, and gives out each when it is there.
 * @param onFile gets the content of a file
 * @returns each file that is not there, or was cut off. Never rejects.
 */
export async function collectItems(
  { items, signal, home, within: most = MAX_DEADLINE_MS, watch = WATCH_MS, inSet = false }: SnapshotInit,
  onFile: (file: string, text: string, name: ItemName) => Promise<void> | void
): Promise<Missing[]> {
  const missing: Missing[] = []
  const collectOne = async (name: ItemName) => {
    const { file } = itemOf(name)
    const miss = (reason: string) => void missing.push({ kind: 'sysinfo', what: file, reason })
    const lacks = (reason: string) => {
      if (!inSet) miss(reason)
      return undefined
    }
    const { collect, deadline = DEADLINE_MS, isPublic } = collectors[name]
    const time = Math.floor(Math.min(deadline, most))
    const soft = AbortSignal.any([signal, AbortSignal.timeout(Math.floor(time * SOFT_PART))])
    const hard = AbortSignal.any([signal, AbortSignal.timeout(time)])
    try {
      const found = await within(collect({ signal: soft, cut: miss, lacks, home, watch }), hard).catch(cause => {
        throw hard.aborted ? new Error('not read in time') : cause
      })
      if (found !== undefined) await onFile(file, bounded(toText(found, isPublic), file, miss), name)
    } catch (cause) {
      miss((cause as Error).message)
    }
  }
  await Promise.all(items.map(collectOne))
  return missing
}

/**
 * Writes the files of the items into an existing folder.
 * @param onText gets each, too @returns each file that could not be written, or was cut off. Never rejects.
 */
export function snapshot(
  folder: string,
  init: SnapshotInit,
  onText: (file: string, text: string) => void = () => {}
): Promise<Missing[]> {
  return collectItems(init, async (file, text) => {
    await writeFile(join(folder, file), text)
    onText(file, text)
  })
}

function toText(found: unknown, isPublic = false): string {
  if (typeof found === 'string') return isPublic ? found : redact(found)
  return `${JSON.stringify(isPublic ? found : redactAll(found), null, 2)}\n`
}

/** A text is cut at the end of a line; half a value says nothing. @throws {Error} for a value that is too large */
function bounded(text: string, file: string, miss: (reason: string) => void): string {
  if (Buffer.byteLength(text) <= MAX_FILE_BYTES) return text
  const limit = `${MAX_FILE_BYTES / 1024 / 1024} MiB`
  if (file.endsWith('.json')) throw new Error(`it is larger than ${limit}`)
  miss(`the first ${limit} only`)
  const cut = Buffer.from(text).subarray(0, MAX_FILE_BYTES).toString('utf8')
  return cut.slice(0, cut.lastIndexOf('\n') + 1)
}
