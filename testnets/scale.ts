/**
 * `npm run testnet scale -- --peers 64`: measures a mesh of that many real daemons on this machine: how soon all know a new peer,
 * how long each phase of a run takes, how soon all know that a peer is lost. Prints figures, asserts nothing.
 */
import type { MemberView } from '../protocols/control.ts'
import { checkSpec } from '../protocols/run-file.ts'
import { readOptions } from './options.ts'
import { Testnet } from './testnet.ts'

const USAGE =
  'usage: npm run testnet scale -- [--peers N]\nStarts N daemons (default 16) and prints how their mesh behaves.'
/** Until all daemons see a change. */
const CHANGE_TIMEOUT_MS = 60_000

export async function main(args: string[]): Promise<void> {
  const { peers } = readOptions(args, USAGE, { peers: { is: 'number', default: 16, least: 2, most: 256 } })
  const began = performance.now()
  const testnet = await Testnet.start({ peers })
  try {
    say(`${peers} daemons started, all see all`, began)
    await newPeer(testnet)
    await run(testnet)
    await loss(testnet)
  } finally {
    await testnet.stop()
  }
}

async function newPeer(testnet: Testnet): Promise<void> {
  testnet.add('new')
  await testnet.startPeer('new')
  const began = performance.now()
  await all(testnet, members => members.some(({ name, state }) => name === 'new' && state === 'alive'))
  await testnet.until('new', members => members.length === testnet.peers.length, CHANGE_TIMEOUT_MS)
  say('a new peer sees all, and all see it', began)
}

async function run(testnet: Testnet): Promise<void> {
  const spec = checkSpec({ command: ['sleep', '1'], tools: ['proc'] })
  const request = { spec, directory: testnet.folder, env: { PATH: process.env.PATH ?? '' } }
  const began = performance.now()
  for await (const event of testnet.call('new', 'run', request)) {
    if (!('type' in event)) continue
    if (event.type === 'phase-closed') {
      process.stdout.write(`  ${event.phase.padEnd(10)} ${event.ok}/${event.asked} ${event.took.toFixed(0)} ms\n`)
    }
    if (event.type === 'skew') process.stdout.write(`  started    ${event.skew.toFixed(1)} ms apart\n`)
    if (event.type === 'ended') say(`a run of all of them, driven by the new peer: ${event.verdict}`, began)
  }
}

async function loss(testnet: Testnet): Promise<void> {
  const [, victim = testnet.peers[0]] = testnet.peers
  const name = victim?.name as string
  const began = performance.now()
  await testnet.stopPeer(name, 'SIGKILL')
  await all(testnet, members => members.some(each => each.name === name && each.state === 'lost'), name)
  say('a killed peer is lost to all', began)
}

async function all(testnet: Testnet, matches: (members: MemberView[]) => boolean, but = ''): Promise<void> {
  const names = testnet.peers.map(({ name }) => name).filter(name => name !== but)
  await Promise.all(names.map(name => testnet.until(name, matches, CHANGE_TIMEOUT_MS)))
}

function say(what: string, began: number): void {
  process.stdout.write(`${what}: ${((performance.now() - began) / 1000).toFixed(1)} s\n`)
}
