/**
 * `npm run testnet nat`: daemons behind every kind of NAT, with two public relays. All see all, each pair gets its expected path,
 * and whole runs pass, also while a relay is killed and while a path changes.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { labMissing } from './lab/available.ts'
import { measure, median, type Tried, tryFrom } from './nat/measure.ts'
import { NatNetwork, wrongPaths } from './nat/network.ts'
import { HOSTS, type Pair, pairsOf, representatives } from './nat/pairs.ts'
import { isWhole, runFrom, runWhilePathChanges, runWhileRelayDies, type Verified } from './nat/scenarios.ts'
import { isFine, measuredLine, triedLine } from './nat/table.ts'
import { readOptions, requireAvailable } from './options.ts'

const USAGE = `usage: npm run testnet nat -- [--matrix [--tries N] [--only PAIR,PAIR]] [--delay MS] [--folder DIR]
Fourteen daemons in network namespaces, behind NATs of every kind. Root only; miniupnpd is needed for one of them.
  --matrix        instead of runs between all: a table of pairs with path, time to a direct one, latency of a phase, MiB/s
  --tries N       before that, restart each host, so that it establishes its paths to all others at once, until each pair was
                  tried N times; count how often the path was right, and how soon (default 0)
  --only PAIRS    for the table, such as e1-s1,s1-s2; without it one pair for each two kinds
  --delay MS      one way, on the public segment (default 20: a round trip takes 40 ms)
  --folder DIR    keeps homes and logs of the daemons there`

/** Time between restarts: attempts with many ports are limited to a number in a minute. */
const RESTART_INTERVAL_MS = 10_000
/** One of each kind drives a run. */
const DRIVERS = ['e1', 's1', 'r', 'f1', 'ub', 'd', 'u', 'pub']

export async function main(args: string[]): Promise<void> {
  const { matrix, tries, only, delay, folder } = readOptions(args, USAGE, {
    matrix: { is: 'switch' },
    tries: { is: 'number', default: 0, least: 0, most: 10_000 },
    only: { is: 'text' },
    delay: { is: 'number', default: 20, least: 0, most: 1_000, whole: false },
    folder: { is: 'text' }
  })
  const pairs = only == null ? representatives(HOSTS) : readPairs(only)
  requireAvailable(labMissing(['miniupnpd', 'ss']))
  const began = performance.now()
  const net = await NatNetwork.start({ delay, folder })
  try {
    say(`${net.hosts.length} hosts and two relays see each other after ${seconds(performance.now() - began)}`)
    const fine = matrix ? await showMatrix(net, pairs, tries) : await showRuns(net)
    process.exitCode = fine ? 0 : 1
  } finally {
    await net.stop()
  }
}

async function showMatrix(net: NatNetwork, pairs: Pair[], tries: number): Promise<boolean> {
  let fine = true
  const tried = new Map<string, Tried>()
  // each pair is tried from both of its ends
  for (let i = 0; i < tries; i += 2) {
    for (const host of net.hosts) await Promise.all([tryFrom(net, host, tried), sleep(RESTART_INTERVAL_MS)])
    say(`${i + 2} tries: ${summary([...tried.values()])}`)
  }
  if (tries > 0) {
    say(`\n${triedLine()}`)
    for (const each of tried.values()) {
      fine &&= isFine(each)
      say(triedLine(each))
    }
    say('')
  }
  say(measuredLine())
  for (const pair of pairs) {
    const measured = await measure(net, pair)
    fine &&= measured.right && measured.problem == null
    say(measuredLine(measured))
  }
  return fine
}

function summary(tried: Tried[]): string {
  const count = (of: (each: Tried) => number) => tried.reduce((sum, each) => sum + of(each), 0)
  const took = tried.flatMap(({ toDirect }) => toDirect)
  const direct = `median ${median(took)?.toFixed(0)} ms from the relayed to the direct path (${took.length})`
  return `${count(each => each.right)} of ${count(each => each.tries)} paths were right so far; ${direct}`
}

async function showRuns(net: NatNetwork): Promise<boolean> {
  const wrong = await wrongPaths(net, 60_000)
  say(wrong.length === 0 ? 'every pair has the expected path' : wrong.join('\n'))
  let fine = wrong.length === 0
  const tell = (what: string, verified: Verified, members: string[]) => {
    const whole = isWhole(verified, members)
    fine &&= whole
    const { verdict, took, excluded } = verified.outcome.ended
    const lost = excluded.map(({ name, reason }) => `, without ${name}: ${reason}`).join('')
    const count = `${verified.arrived.length} tarballs${verified.verified ? ', verified' : ''}`
    say(`${what}: ${verdict}, ${count}, ${seconds(took)}${lost}${whole ? '' : '  WRONG'}`)
  }
  for (const driver of DRIVERS) tell(`a run of all from ${driver}`, await runFrom(net, driver), net.hosts)
  const changed = await runWhilePathChanges(net)
  tell(`a run whose path was ${changed.paths.join(', then ')}`, changed, ['e1', 'e2'])
  fine &&= String(changed.paths) === 'relayed,relayed,direct'
  const died = await runWhileRelayDies(net)
  tell(`a run while ${died.relay ?? 'no relay'} died`, died, ['s1', 's2'])
  return fine && died.relay != null
}

function readPairs(only: string): Pair[] {
  const known = pairsOf(HOSTS)
  return only.split(',').map(text => {
    const found = known.find(([one, other]) => text === `${one}-${other}` || text === `${other}-${one}`)
    if (found != null) return found
    process.stderr.write(
      `testnet: --only ${text}: a pair of two of ${HOSTS.join(', ')} is needed, such as e1-s1\n${USAGE}\n`
    )
    return process.exit(64)
  })
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
const say = (text: string) => process.stdout.write(`${text}\n`)
