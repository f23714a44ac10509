/** One large transfer where a round trip takes long, beside plain TCP between the same two hosts: in namespaces. */
import { startLabMesh } from '../../testnets/lab/mesh.ts'
import { runToEnd } from '../../testnets/runs.ts'
import type { Bench } from './bench.ts'
import { TCP } from './carriers.ts'
import { hireIn } from './crew.ts'
import { BAK } from './figure.ts'
import { bringing, lendingFiles } from './files.ts'
import type { Contender } from './measure.ts'
import { Portions } from './transfer.ts'

/** One way, and both. */
const DELAY_MS = 50
export const ROUND_TRIP_MS = 2 * DELAY_MS
const DRIVER = 'driver'
const MEMBER = 'm1'
const RUN_LIMIT_MS = 120_000

/** @param file of `mib` MiB. Figures: `rate` from the first byte to the last, MiB/s */
export async function farTransfer(bench: Bench, file: string, mib: number): Promise<Contender[]> {
  const folder = await bench.scratch('far')
  const { lab, testnet, stop } = await startLabMesh({
    topology: { hosts: [DRIVER, MEMBER].map(name => ({ name })) },
    conditions: { delay: DELAY_MS },
    folder,
    args: () => ['--log', 'error', ...lendingFiles(folder)]
  })
  bench.after(stop)
  const [from, to] = [lab.host(MEMBER), lab.host(DRIVER)]
  const give = await hireIn(from.namespace.enter, 'tcp', 'give', '0.0.0.0')
  bench.after(() => give.stop())
  const take = await hireIn(to.namespace.enter, 'tcp', 'take', give.ready as number, from.address)
  bench.after(() => take.stop())
  const blob = bringing(file)
  const spec = { command: ['true'], tools: ['blob'], tool: { blob }, on: MEMBER, expect: 1, sysinfo: 'none' as const }
  return [
    {
      name: BAK,
      async round() {
        const portions = new Portions()
        const onEvent = (event: { type: string }) => {
          if (event.type === 'transfer') portions.note(event as never)
        }
        const { ended } = await runToEnd(testnet, DRIVER, spec, { limit: RUN_LIMIT_MS, onEvent })
        if (ended.verdict !== 'ok') throw new Error(`a run of bak ended ${ended.verdict}: ${ended.reason}`)
        return { rate: portions.rate }
      }
    },
    {
      name: TCP,
      async round() {
        await give.ask({ mib })
        return { rate: mib / ((await take.ask<number>({ mib })) / 1000) }
      }
    }
  ]
}
