import type { StreamHandler } from '@libp2p/interface'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../node/log.ts'
import { Streams } from '../../node/mesh/streams.ts'
import { clockProtocol } from '../../protocols/clock.ts'
import { BakError, type ErrorCode } from '../../protocols/errors.ts'
import { askOne } from '../../protocols/stream.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'

const test = suite('streams between peers')
const sleepAgain = stayAwake()
test.after(sleepAgain)
const peer = newSigner().peer

/** A peer that answers every question about its clock with one failure, and what it logs. */
async function refusing(failure: BakError, peerScore?: { note(peer: string, offence: string): void }) {
  const lines: string[] = []
  let served: StreamHandler | undefined
  const registrar = {
    handle: async (_: string, handler: StreamHandler) => {
      served = handler
    }
  }
  const streams = new Streams({ peerId: peer, registrar } as never, {
    peerScore,
    log: createLog('info', line => lines.push(line.slice(line.indexOf(' ') + 1)))
  })
  await streams.serve(clockProtocol, async function* () {
    throw failure
  })
  const way = linkTo(served as StreamHandler, peer)
  const ask = () => askOne(way.open, clockProtocol, { asked: 1 }).catch(error => error as BakError)
  return { ask, way, lines }
}

const refusals: ErrorCode[] = ['not-allowed', 'not-on-roster', 'not-the-controller']
for (const code of refusals) {
  test(`a request that is refused as ${code} is answered so, and logged with who and why`, async () => {
    const { ask, lines } = await refusing(new BakError(code, 'since I say so'))
    assert.is(((await ask()) as BakError).code, code)
    const about = `protocol=/bak/clock/1.0.0 from=${peer} code=${code} why="since I say so"`
    assert.equal(lines, [`WARN ${about} msg="request refused"\n`])
  })
}

const failures: ErrorCode[] = ['no-such-run', 'busy', 'unknown-digest', 'draining', 'timeout']
for (const code of failures) {
  test(`a request that fails as ${code} is answered so, and is no news for the log`, async () => {
    const { ask, lines } = await refusing(new BakError(code, 'not now'))
    assert.is(((await ask()) as BakError).code, code)
    assert.equal(lines, [])
  })
}

test('a request that is no message is refused, answered and logged', async () => {
  const { ask, way, lines } = await refusing(new BakError('bug', 'never asked'))
  way.onSend = piece => piece.map((byte, i) => (i < 4 ? byte : 0xff))
  assert.is(((await ask()) as BakError).code, 'bad-message')
  assert.is(lines.length, 1)
  assert.match(lines[0] as string, `from=${peer} code=bad-message`)
})

test('a flood of bad requests is a few lines', async () => {
  const { ask, lines } = await refusing(new BakError('not-allowed', 'no'))
  for (let i = 0; i < 200; i++) await ask()
  assert.is(lines.length, 10)
})

test('a peer that asks nonsense is noted, one that is refused is not', async () => {
  const noted: string[] = []
  const peerScore = { note: (from: string, offence: string) => noted.push(`${from} ${offence}`) }
  const { ask, way } = await refusing(new BakError('bad-message', 'not as it should be'), peerScore)
  await ask()
  assert.equal(noted, [])
  way.onSend = piece => piece.map((byte, i) => (i < 4 ? byte : 0xff))
  await ask()
  assert.equal(noted, [`${peer} bad-request`])
})

test('streams that are too many are ended at once, and it is noted', async () => {
  const noted: string[] = []
  const { way } = await refusing(new BakError('busy', 'no'), { note: (_, offence) => noted.push(offence) })
  const streams = await Promise.all(Array.from({ length: 70 }, () => way.open('/bak/clock/1.0.0')))
  const open = () => streams.filter(({ status }) => status === 'open').length
  for (const deadline = Date.now() + 5_000; open() > 64 && Date.now() < deadline; ) {
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  assert.is(open(), 64)
  assert.is(noted.filter(offence => offence === 'too-many-streams').length, 6)
  for (const stream of streams) stream.abort(new Error('over'))
})

test('what is served ends with the peer', async () => {
  const handled = new Set<string>()
  const registrar = {
    handle: async (id: string) => void handled.add(id),
    unhandle: async (id: string) => void handled.delete(id)
  }
  const streams = new Streams({ peerId: peer, registrar } as never, { log: createLog('info', () => {}) })
  for (const protocol of [clockProtocol, { ...clockProtocol, id: '/bak/other/1.0.0' }]) {
    await streams.serve(protocol, async function* () {})
  }
  assert.is(handled.size, 2)
  await streams.stop()
  assert.is(handled.size, 0)
})

test.run()
