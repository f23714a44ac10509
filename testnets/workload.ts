/**
 * The demo's workload: loads one core and the disk for some seconds, and reports the rates. Needs no other program.
 * `npm run testnet workload SECONDS`
 */
import { createHash, randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MIB = 1024 * 1024

export async function main([seconds = '4']: string[]): Promise<void> {
  const half = (Number(seconds) * 1000) / 2
  const block = randomBytes(MIB)
  const folder = mkdtempSync(join(process.env.BAK_OUT ?? tmpdir(), 'load-'))
  try {
    const hashed = rate(half, () => createHash('sha256').update(block).digest())
    process.stdout.write(`sha256: ${hashed.toFixed(1)} MiB/s\n`)
    const file = openSync(join(folder, 'data'), 'w')
    let at = 0
    const written = rate(half, () => {
      writeSync(file, block, 0, MIB, (at++ % 64) * MIB)
      if (at % 16 === 0) fsyncSync(file)
    })
    closeSync(file)
    process.stdout.write(`write: ${written.toFixed(1)} MiB/s\n`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @returns MiB per second of an act that handles one block, repeated for `ms` */
function rate(ms: number, act: () => void): number {
  const began = performance.now()
  let blocks = 0
  while (performance.now() - began < ms) {
    act()
    blocks++
  }
  return blocks / ((performance.now() - began) / 1000)
}
