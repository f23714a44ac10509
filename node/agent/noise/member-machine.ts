/** What a member tells of its machine before the first sample: whether it is fit to measure, and the facts by which members are compared. */
import { setTimeout as sleep } from 'node:timers/promises'
import { asBakError } from '../../../protocols/errors.ts'
import type { Ack } from '../../../protocols/phase.ts'
import type { Facts } from '../../../protocols/sysinfo/comparable-facts.ts'
import type { Log } from '../../log.ts'
import { digestsOf, machineFacts } from './machine-facts.ts'
import { MachineFiles } from './machine-files.ts'
import { NoiseReader } from './read-noise.ts'

/** The first look is taken when the answer of `stage` is on its way, ms: nobody waits for it. */
const AFTER_ANSWER_MS = 5

export class MemberMachine {
  readonly #home: string
  #reader: NoiseReader | undefined
  #digests: Record<string, string> = {}

  /** @param home a folder on the file system that must have room */
  constructor(home: string) {
    this.#home = home
  }

  /** The first look at the counters. Never rejects. */
  begin(): void {
    void sleep(AFTER_ANSWER_MS, undefined, { ref: false }).then(() => {
      const reader = new NoiseReader({ home: this.#home })
      reader.begin()
      this.#reader = reader
    })
  }

  /** A snapshot was taken. */
  noteSnapshot(facts: Facts): void {
    this.#digests = digestsOf(facts)
  }

  /** The second look. Never rejects: a run does not fail because of what it cannot read. */
  async tell({ log }: { log: Log }): Promise<Pick<Ack, 'noise' | 'machine'>> {
    try {
      const noise = await (this.#reader ?? new NoiseReader({ home: this.#home })).end()
      return { noise, machine: { ...machineFacts(new MachineFiles()), ...this.#digests } }
    } catch (cause) {
      log.warn('the machine was not read', { why: asBakError(cause).message })
      return {}
    }
  }
}
