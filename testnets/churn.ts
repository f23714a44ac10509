/**
 * `npm run testnet churn`: peers leave, are killed, return and are replaced by new ones while runs follow each other. No run may
 * hang, and no tarball may be lost of a member that was present to send it.
 */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readRecord } from '../protocols/record.ts'
import type { SpecInput } from '../protocols/spec.ts'
import { readOptions } from './options.ts'
import { Dice } from './random.ts'
import { runToEnd } from './runs.ts'
import { Testnet } from './testnet.ts'

const USAGE = `usage: npm run testnet churn -- [--runs N] [--seed N]
Seven daemons on loopback; while runs follow each other, peers leave, are killed, return, and are replaced by new ones.
  --runs N  how many runs (default 20)
  --seed N  determines which peers go, and when (default 1)`

/** These drive the runs, and never go. */
const DRIVERS = ['ada', 'bob']
const OTHERS = 5
const RUN_TIMEOUT_MS = 90_000
/** Duration of a workload, within which peers come and go. */
const WORK_S = 2
const EVENTS_PER_RUN = 2
/** Time for peers to delete what was collected. */
const CLEANUP_TIMEOUT_MS = 30_000

export interface ChurnReport {
  runs: string[]
  /** How often a peer was killed, left, returned, and was new. */
  events: Record<'killed' | 'left' | 'returned' | 'new', number>
  /** What is wrong, in words. */
  problems: string[]
}

export async function main(args: string[]): Promise<void> {
  const options = readOptions(args, USAGE, {
    runs: { is: 'number', default: 20, least: 1, most: 1_000 },
    seed: { is: 'number', default: 1, least: 0, most: 2 ** 31 }
  })
  const { runs, events, problems } = await churn(options, text => process.stdout.write(`${text}\n`))
  process.stdout.write(
    `${runs.length} runs; ${Object.entries(events)
      .map(each => each.reverse().join(' '))
      .join(', ')}\n`
  )
  for (const each of problems) process.stdout.write(`WRONG: ${each}\n`)
  process.exitCode = problems.length > 0 ? 1 : 0
}

export async function churn(
  { runs, seed }: { runs: number; seed: number },
  say: (text: string) => void
): Promise<ChurnReport> {
  const names = [...DRIVERS, ...Array.from({ length: OTHERS }, (_, i) => `n${i + 1}`)]
  const testnet = await Testnet.start({ peers: names })
  try {
    return await new Churn(testnet, new Dice(seed), say).go(runs)
  } finally {
    await testnet.stop()
  }
}

class Churn {
  readonly #testnet: Testnet
  readonly #dice: Dice
  readonly #say: (text: string) => void
  readonly #report: ChurnReport = { runs: [], events: { killed: 0, left: 0, returned: 0, new: 0 }, problems: [] }
  /** Peers that came or went during the present run. */
  readonly #changed = new Set<string>()
  /** Peers that return only at the end: a new one replaces them. */
  readonly #replaced = new Set<string>()

  constructor(testnet: Testnet, dice: Dice, say: (text: string) => void) {
    this.#testnet = testnet
    this.#dice = dice
    this.#say = say
  }

  async go(runs: number): Promise<ChurnReport> {
    for (let i = 0; i < runs; i++) await this.#one(DRIVERS[i % DRIVERS.length] as string)
    // absent peers return with the data that they kept
    await Promise.all(this.#away().map(name => this.#testnet.startPeer(name)))
    for (const driver of DRIVERS)
      await this.#testnet.until(driver, members => members.filter(isHere).length === this.#testnet.peers.length, 60_000)
    for (const [i, run] of this.#report.runs.entries()) await this.#collect(DRIVERS[i % DRIVERS.length] as string, run)
    await this.#leftovers()
    return this.#report
  }

  /** A run, during which peers come and go. */
  async #one(driver: string): Promise<void> {
    this.#changed.clear()
    const spec: SpecInput = {
      command: ['sleep', String(WORK_S)],
      tools: ['proc', 'noise'],
      tool: { noise: { command: ['sh', '-c', 'head -c 2000000 /dev/urandom; exec sleep 1000'] } },
      policy: { quorum: 1, phase_timeout: 20, send_timeout: 20, lease: 10 }
    }
    let disturbed: Promise<unknown> = Promise.resolve()
    const { run, ended, events } = await runToEnd(this.#testnet, driver, spec, {
      limit: RUN_TIMEOUT_MS,
      onEvent: event => {
        if (event.type === 'roster') disturbed = this.#disturb()
      }
    })
    await disturbed
    const roster = events.flatMap(event => (event.type === 'roster' ? event.members.map(({ name }) => name) : []))
    const excluded = ended.excluded.map(({ name }) => name).join(', ')
    const without = excluded === '' ? '' : `, without ${excluded}`
    this.#say(
      `${run} of ${driver}: ${roster.length} members, ${ended.verdict}${without}, ${(ended.took / 1000).toFixed(1)} s`
    )
    if (ended.verdict !== 'ok') this.#wrong(`${run} ended ${ended.verdict}: ${ended.reason}`)
    for (const { name, phase, reason } of ended.excluded) {
      if (!this.#changed.has(name))
        this.#wrong(`${run} lost ${name} at ${phase}, which was present all the time: ${reason}`)
    }
    const arrived = events.flatMap(event =>
      event.type === 'received' && event.what.includes('sample1') ? [event.name] : []
    )
    for (const name of roster) {
      if (!this.#changed.has(name) && !arrived.includes(name)) this.#wrong(`${run} lacks the tarball of ${name}`)
    }
    this.#report.runs.push(run)
  }

  /** Makes peers come and go during a run. */
  async #disturb(): Promise<void> {
    const all = Array.from({ length: EVENTS_PER_RUN }, async () => {
      await sleep(this.#dice.next() * WORK_S * 1_500)
      await this.#event()
    })
    await Promise.all(all)
  }

  async #event(): Promise<void> {
    const present = this.#testnet.peers.filter(
      ({ name, child }) => child != null && !DRIVERS.includes(name) && !this.#changed.has(name)
    )
    const away = this.#away().filter(name => !this.#changed.has(name) && !this.#replaced.has(name))
    const back = this.#dice.pick(away)
    if (back != null && (present.length < 2 || this.#dice.next() < 0.5)) return this.#start(back)
    const victim = this.#dice.pick(present)?.name
    if (victim != null) await this.#stop(victim)
  }

  async #stop(name: string): Promise<void> {
    this.#changed.add(name)
    const killed = this.#dice.next() < 0.5
    this.#count(killed ? 'killed' : 'left', name)
    await this.#testnet.stopPeer(name, killed ? 'SIGKILL' : 'SIGTERM')
  }

  /** Starts the peer again, or a new one instead. */
  async #start(name: string): Promise<void> {
    const fresh = this.#dice.next() < 0.4
    const started = fresh ? this.#testnet.add(`n${this.#testnet.peers.length + 1 - DRIVERS.length}`).name : name
    if (fresh) this.#replaced.add(name)
    this.#changed.add(started)
    this.#count(fresh ? 'new' : 'returned', started)
    await this.#testnet.startPeer(started)
  }

  /** Collects what members kept that went during the run; then nothing that a member announced may be missing. */
  async #collect(driver: string, run: string): Promise<void> {
    const collected = await this.#testnet.bak(driver, ['collect', run])
    if (collected.status !== 0) this.#wrong(`collect ${run}: ${collected.stdout}${collected.stderr}`)
    const verified = await this.#testnet.bak(driver, ['verify', run])
    if (verified.status !== 0) this.#wrong(`verify ${run}: ${verified.stdout}${verified.stderr}`)
    const record = readRecord(await readFile(join(this.#testnet.peer(driver).home, 'runs', run, 'run.json'), 'utf8'))
    for (const { name, what, arrived } of record.sent)
      if (!arrived) this.#wrong(`${run}: ${what} of ${name} did not arrive`)
  }

  /** Data with a receipt is deleted, so nothing of any run may be left on a peer. */
  async #leftovers(): Promise<void> {
    const deadline = performance.now() + CLEANUP_TIMEOUT_MS
    for (const { name, home } of this.#testnet.peers) {
      let left = await readdir(join(home, 'work'))
      while (left.length > 0 && performance.now() < deadline) {
        await sleep(200)
        left = await readdir(join(home, 'work'))
      }
      if (left.length > 0) this.#wrong(`${name} still has ${left.join(', ')}`)
    }
  }

  #away(): string[] {
    return this.#testnet.peers.filter(({ child }) => child == null).map(({ name }) => name)
  }

  #count(event: keyof ChurnReport['events'], name: string): void {
    this.#report.events[event]++
    this.#say(`  ${name} ${event}`)
  }

  #wrong(what: string): void {
    this.#say(`WRONG: ${what}`)
    this.#report.problems.push(what)
  }
}

const isHere = ({ state }: { state: string }) => state === 'alive' || state === 'busy'
