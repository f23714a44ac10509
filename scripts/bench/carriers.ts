/** Who carries one large file from one process to another, beside bak. Figures: `rate`, MiB/s. */
import { execFile, spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Bench } from './bench.ts'
import { end, hire, keep } from './crew.ts'
import type { Contender, Entrant } from './measure.ts'
import { findPackage, findProgram } from './peers/programs.ts'
import { freePort } from './peers/redis-server.ts'
import { type Sshd, startSshd } from './peers/sshd.ts'

const run = promisify(execFile)

export const TCP = 'node:net'
export const SCP = 'scp'
export const RSYNC = 'rsync'
export const IPERF = 'iperf3'
export const IROH = 'iroh from npm'

/** Its binding copies every byte as a number of an array: a small file is enough to see that, MiB. */
const IROH_MIB = 16

export async function tcp(bench: Bench, mib: number): Promise<Entrant> {
  const giver = await hire('tcp', 'give')
  bench.after(() => giver.stop())
  const taker = await hire('tcp', 'take', giver.ready as number)
  bench.after(() => taker.stop())
  return carrier(TCP, mib, async () => {
    await giver.ask({ mib })
    return taker.ask<number>({ mib })
  })
}

/** scp and rsync over the same sshd. @param file of `mib` MiB */
export async function overSsh(bench: Bench, file: string, mib: number): Promise<Entrant[]> {
  const folder = await bench.scratch('ssh')
  const sshd = await startSshd(folder).catch((cause: Error) => ({ absent: cause.message }))
  if ('absent' in sshd) return [SCP, RSYNC].map(name => ({ name, ...sshd }))
  bench.after(() => sshd.stop())
  return [copier(SCP, sshd.scp), copier(RSYNC, sshd.rsync)]

  function copier(name: string, copy: Sshd['scp']): Contender {
    const target = join(folder, 'copy')
    return carrier(name, mib, async () => {
      const began = performance.now()
      await copy(file, target)
      const took = performance.now() - began
      await rm(target)
      return took
    })
  }
}

export async function iperf(bench: Bench): Promise<Entrant> {
  const program = findProgram('iperf3')
  if ('absent' in program) return { name: IPERF, ...program }
  const port = String(await freePort())
  const env = { ...process.env, ...program.env }
  const words = ['-s', '-B', '127.0.0.1', '-p', port]
  const server = keep(spawn(program.path, words, { stdio: 'ignore', env, detached: true }))
  bench.after(() => end(server))
  return {
    name: IPERF,
    async round() {
      const ask = ['-c', '127.0.0.1', '-p', port, '-t', '2', '-J', '--connect-timeout', '5000']
      const { stdout } = await run(program.path, ask, { env, timeout: 30_000 })
      return { rate: JSON.parse(stdout).end.sum_received.bits_per_second / 8 / 2 ** 20 }
    }
  }
}

export async function iroh(bench: Bench): Promise<Entrant> {
  const found = findPackage('@number0/iroh')
  if ('absent' in found) return { name: IROH, ...found }
  const giver = await hire('iroh', found.path, 'give')
  bench.after(() => giver.stop())
  const taker = await hire('iroh', found.path, 'take')
  bench.after(() => taker.stop())
  const bytes = IROH_MIB * 2 ** 20
  return carrier(IROH, IROH_MIB, async () => {
    await giver.ask({ bytes })
    return taker.ask<number>({ ...(giver.ready as object), bytes })
  })
}

/** @param carry returns ms */
function carrier(name: string, mib: number, carry: () => Promise<number>): Contender {
  return { name, round: async () => ({ rate: mib / ((await carry()) / 1000) }) }
}
