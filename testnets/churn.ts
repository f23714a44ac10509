/**
 * `npm run testnet churn`: peers leave in order, are killed, come back and are replaced by new ones while run follows run. No
 * run hangs, and no tarball is lost of a member that was there to send it.
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
Seven daemons on loopback; while one run follows another, peers leave, are killed, come back, and new ones take their places.
  --runs N  how many runs (default 20)
  --seed N  another one makes other peers go at other times (default 1)`

/** These drive the runs, and stay. */
const DRIVERS = ['ada', 'bob']
const OTHERS = 5
/** A run may take this long, whatever happens, ms. */
const LIMIT = 90_000
/** Seconds that a workload takes, and within which peers come and go. */
const WORK = 2
const EVENTS_A_RUN = 2
/** Peers have so long to clear away what was fetched, ms. */
const SETTLE = 30_000

export interface ChurnReport {
  runs: string[]
  /** How often peers were killed, left in order, came back, and were new. */
  events: Record<'killed' | 'left' | 'back' | 'new', number>
  /** What is not as it has to be, in words. */
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
  readonly #report: ChurnReport = { runs: [], events: { killed: 0, left: 0, back: 0, new: 0 }, problems: [] }
  /** Who went during the present run. */
  readonly #gone = new Set<string>()
  /** Will not come back until all is over: a new one has their place. */
  readonly #replaced = new Set<string>()

  constructor(testnet: Testnet, dice: Dice, say: (text: string) => void) {
    this.#testnet = testnet
    this.#dice = dice
    this.#say = say
  }

  async go(runs: number): Promise<ChurnReport> {
    for (let i = 0; i < runs; i++) await this.#one(DRIVERS[i % DRIVERS.length] as string)
    // who was away comes back, with what it kept
    await Promise.all(this.#away().map(name => this.#testnet.startPeer(name)))
    for (const driver of DRIVERS)
      await this.#testnet.until(driver, members => members.filter(isHere).length === this.#testnet.peers.length, 60_000)
    for (const [i, run] of this.#report.runs.entries()) await this.#settle(DRIVERS[i % DRIVERS.length] as string, run)
    await this.#leftovers()
    return this.#report
  }

  /** A run, during which peers come and go. */
  async #one(driver: string): Promise<void> {
    this.#gone.clear()
    const spec: SpecInput = {
      command: ['sleep', String(WORK)],
      tools: ['proc', 'noise'],
      tool: { noise: { command: ['sh', '-c', 'head -c 2000000 /dev/urandom; exec sleep 1000'] } },
      policy: { quorum: 1, phase_timeout: 20, send_timeout: 20, lease: 10 }
    }
    let disturbed: Promise<unknown> = Promise.resolve()
    const { run, ended, events } = await runToEnd(this.#testnet, driver, spec, {
      limit: LIMIT,
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
      if (!this.#gone.has(name)) this.#wrong(`${run} lost ${name} at ${phase}, which was there all the time: ${reason}`)
    }
    const arrived = events.flatMap(event =>
      event.type === 'received' && event.what.includes('sample1') ? [event.name] : []
    )
    for (const name of roster) {
      if (!this.#gone.has(name) && !arrived.includes(name)) this.#wrong(`${run} lacks the tarball of ${name}`)
    }
    this.#report.runs.push(run)
  }

  /** Peers go and come while a run goes on. */
  async #disturb(): Promise<void> {
    const all = Array.from({ length: EVENTS_A_RUN }, async () => {
      await sleep(this.#dice.next() * WORK * 1_500)
      await this.#event()
    })
    await Promise.all(all)
  }

  async #event(): Promise<void> {
    const here = this.#testnet.peers.filter(
      ({ name, child }) => child != null && !DRIVERS.includes(name) && !this.#gone.has(name)
    )
    const away = this.#away().filter(name => !this.#gone.has(name) && !this.#replaced.has(name))
    const back = this.#dice.pick(away)
    if (back != null && (here.length < 2 || this.#dice.next() < 0.5)) return this.#come(back)
    const victim = this.#dice.pick(here)?.name
    if (victim != null) await this.#go(victim)
  }

  async #go(name: string): Promise<void> {
    this.#gone.add(name)
    const killed = this.#dice.next() < 0.5
    this.#count(killed ? 'killed' : 'left', name)
    await this.#testnet.stopPeer(name, killed ? 'SIGKILL' : 'SIGTERM')
  }

  /** It comes back, or one that is new comes instead. */
  async #come(name: string): Promise<void> {
    const fresh = this.#dice.next() < 0.4
    const comer = fresh ? this.#testnet.add(`n${this.#testnet.peers.length + 1 - DRIVERS.length}`).name : name
    if (fresh) this.#replaced.add(name)
    this.#gone.add(comer)
    this.#count(fresh ? 'new' : 'back', comer)
    await this.#testnet.startPeer(comer)
  }

  /** Fetches what members kept who went in the middle; then nothing may be missing of whoever came as far as having it. */
  async #settle(driver: string, run: string): Promise<void> {
    const collected = await this.#testnet.bak(driver, ['collect', run])
    if (collected.status !== 0) this.#wrong(`collect ${run}: ${collected.stdout}${collected.stderr}`)
    const verified = await this.#testnet.bak(driver, ['verify', run])
    if (verified.status !== 0) this.#wrong(`verify ${run}: ${verified.stdout}${verified.stderr}`)
    const record = readRecord(await readFile(join(this.#testnet.peer(driver).home, 'runs', run, 'run.json'), 'utf8'))
    for (const { name, what, arrived } of record.sent)
      if (!arrived) this.#wrong(`${run}: ${what} of ${name} did not arrive`)
  }

  /** What has a receipt is deleted: nothing of any run may be left on a peer. */
  async #leftovers(): Promise<void> {
    const deadline = performance.now() + SETTLE
    for (const { name, home } of this.#testnet.peers) {
      let left = await readdir(join(home, 'work'))
      while (left.length > 0 && performance.now() < deadline) {
        await sleep(200)
        left = await readdir(join(home, 'work'))
      }
      if (left.length > 0) this.#wrong(`${name} still holds ${left.join(', ')}`)
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
