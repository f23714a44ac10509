/**
 * Whether a job need not be run: a result of its key is known here or to a member, and was signed by one that may run the job in this run, or taken
 * by this peer in an earlier one. Where the outputs themselves are needed, somebody in reach has all of them, and keeps them.
 */
import type { Signed } from '../../../protocols/envelope.ts'
import { isSameJob, jobDifferences } from '../../../protocols/jobs/job-differences.ts'
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
  latest?(job: string, isSame: (before: JobResult) => boolean): Signed<JobResult> | undefined
  askable(): Askable[]
}

export interface WantedResult {
  job: string
  /** Of each platform on which it may run. */
  keys: Array<KeyParts & { key: string }>
  /** Paths. */
  outputs: string[]
  needsBytes: boolean
  counts(result: Signed<JobResult>): boolean
}

export interface Found {
  result: Signed<JobResult>
  /** Who has its outputs, by digest, where that was asked. */
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
    const tried = await this.#first(own, wanted)
    if (tried != null) return tried
    const seen = new Set(own.map(({ by, value }) => `${by} ${value.run}`))
    const others = (await this.#batch.look(keys)).filter(each => fits(each, wanted))
    const found = await this.#first(
      others.filter(({ by, value }) => !seen.has(`${by} ${value.run}`)),
      wanted
    )
    if (found != null) return found
    const known = [...own, ...others][0]
    return known == null ? this.#whyNone(wanted) : `nobody in reach has the outputs of its result in ${known.value.run}`
  }

  async #first(results: Signed<JobResult>[], { needsBytes }: WantedResult): Promise<Found | undefined> {
    const [first] = results
    if (!needsBytes) return first == null ? undefined : { result: first, holders: new Map() }
    for (const result of results.slice(0, MAX_TRIED)) {
      const digests = result.value.outputs.map(({ digest }) => digest)
      const holders = await whoHolds(digests, result.by, this.#init.askable())
      if ([...holders.values()].every(peers => peers.length > 0)) return { result, holders }
    }
    return undefined
  }

  #whyNone({ job, keys }: WantedResult): string {
    const before = this.#init.latest?.(job, result => keys.some(each => isSameJob(each, result)))?.value
    const now = keys.find(({ platform }) => platform === before?.platform) ?? keys[0]
    const differences = before == null || now == null ? [] : jobDifferences(now, before)
    return differences.length > 0 ? differences.join(', ') : 'no result of it is known'
  }
}

function fits(result: Signed<JobResult>, { job, keys, outputs, counts }: WantedResult): boolean {
  const { value } = result
  const has = new Set(value.outputs.map(({ path }) => path))
  const isOfKey = value.job === job ? keys.some(({ key }) => key === value.key) : false
  return value.outcome === 'done' && isOfKey && outputs.every(path => has.has(path)) && counts(result)
}

/** @returns who has each of these, and keeps it. Who made them is asked first, others where that does not do. Never rejects */
export async function whoHolds(
  digests: string[],
  first: string | undefined,
  members: Askable[]
): Promise<Map<string, string[]>> {
  const holders = new Map(digests.map(each => [each, [] as string[]]))
  const ask = async (asked: Askable[]) => {
    const missing = [...holders].flatMap(([each, peers]) => (peers.length === 0 ? [each] : []))
    if (missing.length === 0) return
    const answers = asked.map(async ({ peer, hold }) => {
      for (const each of await hold(missing).catch(() => [])) holders.get(each)?.push(peer)
    })
    await Promise.all(answers)
  }
  await ask(members.filter(({ peer }) => peer === first))
  await ask(members.filter(({ peer }) => peer !== first))
  return holders
}
