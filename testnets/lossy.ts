/**
 * `npm run testnet lossy`: four daemons on links with delay, loss and a low rate. A whole run passes, and every tarball arrives
 * and is verified.
 */
import { labMissing } from './lab/available.ts'
import { startLabMesh } from './lab/mesh.ts'
import type { Conditions } from './lab/switch.ts'
import { readOptions, requireAvailable } from './options.ts'
import { type Outcome, runToEnd } from './runs.ts'

const USAGE = `usage: npm run testnet lossy -- [--delay MS] [--loss PERCENT] [--rate BITS]
Four daemons in network namespaces, and a run of all of them over bad links. Root only.
  --delay MS      one way (default 100: a round trip takes 200 ms)
  --loss PERCENT  of all frames (default 2)
  --rate BITS     per second, of each link and in each direction (default 10000000)`

const PEERS = ['a', 'b', 'c', 'd']
export const LOSSY: Required<Conditions> = { delay: 100, loss: 2, rate: 10e6 }
const RUN_TIMEOUT_MS = 180_000
/** Sent by each member beside its tools' data; random, so that it cannot be compressed. */
const NOISE_BYTES = 1_000_000

export interface LossyReport {
  /** From the start of the first daemon until all saw all, ms. */
  met: number
  outcome: Outcome
  /** Whether `bak verify` passes. */
  verified: boolean
  /** Names of the members whose tarball of the sample arrived. */
  arrived: string[]
}

export async function main(args: string[]): Promise<void> {
  const conditions = readOptions(args, USAGE, {
    delay: { is: 'number', default: LOSSY.delay, least: 0, most: 2_000, whole: false },
    loss: { is: 'number', default: LOSSY.loss, least: 0, most: 20, whole: false },
    rate: { is: 'number', default: LOSSY.rate, least: 100_000, most: 1e12 }
  })
  requireAvailable(labMissing())
  const { outcome, verified, arrived } = await lossy(conditions, text => process.stdout.write(`${text}\n`))
  const fine = outcome.ended.verdict === 'ok' && !outcome.ended.partial && verified && arrived.length === PEERS.length
  process.exitCode = fine ? 0 : 1
}

export async function lossy(conditions: Conditions, say: (text: string) => void): Promise<LossyReport> {
  const began = performance.now()
  const mesh = await startLabMesh({ topology: { hosts: PEERS.map(name => ({ name })) }, conditions })
  const { testnet } = mesh
  try {
    const met = performance.now() - began
    say(`all see all after ${seconds(met)}`)
    const command = ['sh', '-c', `head -c ${NOISE_BYTES} /dev/urandom; exec sleep 1000`]
    const spec = { command: ['sleep', '1'], tools: ['proc', 'noise'], tool: { noise: { command } } }
    const outcome = await runToEnd(testnet, 'd', spec, {
      limit: RUN_TIMEOUT_MS,
      onEvent: event => {
        if (event.type === 'phase-closed')
          say(`  ${event.phase.padEnd(10)} ${event.ok}/${event.asked} ${seconds(event.took)}`)
      }
    })
    const arrived = outcome.events.flatMap(event =>
      event.type === 'received' && event.what.includes('sample1') ? [event.name] : []
    )
    const { status, stdout } = await testnet.bak('d', ['verify', outcome.run])
    say(`the run: ${outcome.ended.verdict} after ${seconds(outcome.ended.took)}; ${stdout.trim().split('\n').at(-1)}`)
    return { met, outcome, verified: status === 0, arrived: arrived.sort() }
  } finally {
    await mesh.stop()
  }
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
