/**
 * Whether a job need not be run: a result of its key is known here or to a member, was signed by one that may run the job in this run, and somebody in
 * reach has all of its outputs, and keeps them.
 */
import type { Signed } from '../../../protocols/envelope.ts'
import { jobDifferences } from '../../../protocols/jobs/job-differences.ts'
import type { KeyParts } from '../../../protocols/jobs/job-key.ts'
import type { JobResult } from '../../../protocols/jobs/job-result.ts'
import { LookBatch } from './look-batch.ts'

/** Results of one key that are tried: any of them would do. */
const MAX_TRIED = 4

/** A member that can be asked now. */
export interface Askable {
  peer: string
  look(keys: string[]): Promise<Signed<JobResult>['envelope'][]>
  hold(digests: string[]): Promise<string[]>
}

export interface ReuseInit {
  known(keys: string[]): Signed<JobResult>[]
  latest?(job: string): Signed<JobResult> | undefined
  askable(): Askable[]
}

export interface WantedResult {
  job: string
  /** Of each platform on which it may run. */
  keys: Array<KeyParts & { key: string }>
  /** Paths. */
  outputs: string[]
  /** @returns whether a result of this peer counts */
  counts(peer: string): boolean
}

export interface Found {
  result: Signed<JobResult>
  /** Who has its outputs, by digest. */
  holders: Map<string, string[]>
}

export class Reuse {
  readonly #init: ReuseInit
  readonly #batch: LookBatch

  constructor(init: ReuseInit) {
    this.#init = init
    this.#batch = new LookBatch(() => init.askable())
  }

  /** @returns the result, or why there is none that can be taken. Never rejects */
  async find(wanted: WantedResult): Promise<Found | string> {
    const keys = wanted.keys.map(({ key }) => key)
    const own = this.#init.known(keys).filter(each => fits(each, wanted))
    const tried = await this.#firstHeld(own)
    if (tried != null) return tried
    const seen = new Set(own.map(({ by, value }) => `${by} ${value.run}`))
    const others = (await this.#batch.look(keys)).filter(each => fits(each, wanted))
    const found = await this.#firstHeld(others.filter(({ by, value }) => !seen.has(`${by} ${value.run}`)))
    if (found != null) return found
    const known = [...own, ...others][0]
    return known == null ? this.#whyNone(wanted) : `nobody in reach has the outputs of its result in ${known.value.run}`
  }

  async #firstHeld(results: Signed<JobResult>[]): Promise<Found | undefined> {
    for (const result of results.slice(0, MAX_TRIED)) {
      const holders = await whoHolds(
        result.value.outputs.map(({ digest }) => digest),
        result.by,
        this.#init.askable()
      )
      if (holders != null) return { result, holders }
    }
    return undefined
  }

  #whyNone({ job, keys }: WantedResult): string {
    const before = this.#init.latest?.(job)?.value
    const now = keys.find(({ platform }) => platform === before?.platform) ?? keys[0]
    const differences = before == null || now == null ? [] : jobDifferences(now, before)
    return differences.length > 0 ? differences.join(', ') : 'no result of it is known'
  }
}

function fits({ by, value }: Signed<JobResult>, { job, keys, outputs, counts }: WantedResult): boolean {
  const has = new Set(value.outputs.map(({ path }) => path))
  const isOfKey = value.job === job ? keys.some(({ key }) => key === value.key) : false
  return value.outcome === 'done' && isOfKey && outputs.every(path => has.has(path)) && counts(by)
}

/** @returns who has each of these, and keeps it; undefined if nobody has one of them. Who made them is asked first */
export async function whoHolds(
  digests: string[],
  first: string,
  members: Askable[]
): Promise<Map<string, string[]> | undefined> {
  const holders = new Map(digests.map(each => [each, [] as string[]]))
  const lacking = () => [...holders].flatMap(([each, peers]) => (peers.length === 0 ? [each] : []))
  const ask = async (asked: Askable[]) => {
    const missing = lacking()
    if (missing.length === 0) return
    const answers = asked.map(async ({ peer, hold }) => {
      for (const each of await hold(missing).catch(() => [])) holders.get(each)?.push(peer)
    })
    await Promise.all(answers)
  }
  await ask(members.filter(({ peer }) => peer === first))
  await ask(members.filter(({ peer }) => peer !== first))
  return lacking().length === 0 ? holders : undefined
}
