/** A run of bak that leaves large files on members, and what sending them takes. */
import { BAK } from './figure.ts'
import { bringing } from './files.ts'
import type { Contender } from './measure.ts'
import { DRIVER, type Mesh, Spent } from './mesh.ts'
import { cpuOf, forgetPeak, residentOf } from './processes.ts'

const MIB = 2 ** 20
/** Tarballs that the controller takes at once. */
const AT_ONCE = 8

/**
 * A run whose only tool leaves a file on each of the members `on`. Figures: `rate` from the first portion to the last, `whole`
 * from the command to the last receipt, MiB/s; `sender` and `receiver`, MiB of memory; `seconds` from stop's command to the
 * last receipt; `spent`, s of processor on the members meanwhile.
 */
export function bakTransfer(mesh: Mesh, on: string | undefined, file: string, mib: number): Contender {
  const senders = on == null ? mesh.memberPids : [mesh.pidOf(on)]
  const tool = { blob: bringing(file) }
  const spec = {
    command: ['true'],
    tools: ['blob'],
    tool,
    policy: { transfers: AT_ONCE },
    ...(on && { on, expect: 1 })
  }
  return {
    name: BAK,
    async round() {
      const [sender, receiver] = [new Peak(senders[0] as number), new Peak(mesh.pidOf(DRIVER))]
      const portions = new Portions()
      const at = { stop: 0, send: 0, receipt: 0 }
      let spent = 0
      const sent = new Spent(
        mesh,
        mesh.members === senders.length ? `${senders.length} transfers at once` : `a transfer of ${mib} MiB`
      )
      await mesh.run(spec, event => {
        if (event.type === 'transfer') portions.note(event)
        if (event.type === 'phase-open' && event.phase === 'stop') {
          at.stop = event.at
          spent = cpuOf(senders)
        }
        if (event.type === 'phase-open' && event.phase === 'send') {
          at.send = event.at
          for (const peak of [sender, receiver]) peak.begin()
          sent.begin()
        }
        if (event.type === 'phase-closed' && event.phase === 'send') {
          at.receipt = event.at
          spent = cpuOf(senders) - spent
          sent.end()
        }
      })
      return {
        ...{ rate: portions.rate, whole: mib / ((at.receipt - at.send) / 1000) },
        ...{ sender: sender.more, receiver: receiver.more },
        ...{ seconds: (at.receipt - at.stop) / 1000, spent: spent / 1000 }
      }
    }
  }
}

/** Bytes that the receiver has, as they come. */
export class Portions {
  readonly #senders = new Map<string, { first: number; done: number }>()
  #began = 0
  #last = 0

  note({ peer, done, total, at }: { peer: string; done: number; total: number; at: number }): void {
    // what else a member sends is small, and comes earlier
    if (total < MIB) return
    if (this.#senders.size === 0) this.#began = at
    const { first } = this.#senders.get(peer) ?? { first: done }
    this.#senders.set(peer, { first, done })
    this.#last = at
  }

  /** MiB/s; what was there at the first look does not count. */
  get rate(): number {
    const bytes = [...this.#senders.values()].reduce((sum, { first, done }) => sum + done - first, 0)
    return bytes / MIB / ((this.#last - this.#began) / 1000)
  }
}

/** How much more memory a process held at most than when it began, MiB. */
class Peak {
  readonly #pid: number
  #before = 0

  constructor(pid: number) {
    this.#pid = pid
  }

  begin(): void {
    forgetPeak(this.#pid)
    this.#before = residentOf(this.#pid).now
  }

  get more(): number {
    return residentOf(this.#pid).peak - this.#before
  }
}
