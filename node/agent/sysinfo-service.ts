/** Gives controllers a snapshot of this machine as it is now, if its owner lets them. */
import { cutMissing } from '../../protocols/shortfall.ts'
import { type SysinfoResponse, sysinfoProtocol } from '../../protocols/sysinfo/live.ts'
import { Limit } from '../limit.ts'
import { checkPermission, type Roles } from '../mesh/permissions.ts'
import type { Streams } from '../mesh/streams.ts'
import { Part } from '../part.ts'
import type { Allowance } from './allow/allowance.ts'
import { collectItems } from './sysinfo/index.ts'

interface SysinfoServiceComponents {
  streams: Pick<Streams, 'serve'>
  authority: Roles
  allowance: Pick<Allowance, 'check'>
}

/** Snapshots at the same time, so that nobody keeps the machine busy with them. */
const MAX_AT_ONCE = 2

export class SysinfoService extends Part<SysinfoServiceComponents, { self: string; home: { root: string } }> {
  readonly #limit = new Limit({ total: MAX_AT_ONCE, perKey: 1 })

  async start(): Promise<void> {
    const { streams, authority, allowance } = this.components
    const { self, home } = this.init
    const { stopped } = this
    const limit = this.#limit
    await streams.serve(sysinfoProtocol, async function* ({ items, watch }, { peer, signal: gone }) {
      if (peer !== self) {
        checkPermission(authority, peer, 'sysinfo')
        await allowance.check(peer, [])
      }
      const signal = AbortSignal.any([gone, stopped])
      const files: SysinfoResponse[] = []
      const collect = () =>
        collectItems({ items: [...new Set(items)], signal, home: home.root, watch }, (file, text) => {
          files.push({ type: 'file', file, text })
        })
      const missing = await limit.run(peer, collect, { signal })
      yield* files
      if (missing.length > 0) yield { type: 'missing', missing: missing.map(cutMissing) }
    })
  }
}
