/** The command that opens ports which lead to a member. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CallRequest, CallResponse } from '../../protocols/control.ts'
import { BakError } from '../../protocols/errors.ts'
import { PEER, useFakes } from './fake.ts'

const bak = suite('bak forward')
const fake = useFakes(bak)

const answers: CallResponse<'forward'>[] = [
  { type: 'listening', peer: PEER, name: 'db1', host: '127.0.0.1', local: 8080, remote: 80 },
  { type: 'listening', peer: PEER, name: 'db1', host: '127.0.0.1', local: 40123, remote: 9090 },
  { type: 'failed', remote: 80, code: 'unreachable', error: 'port 80 of this machine: nothing listens there' },
  { type: 'member', name: 'db1', here: false },
  { type: 'member', name: 'db1', here: true }
]

bak('prints where each port is, and what goes wrong on stderr', async () => {
  let asked: CallRequest<'forward'> | undefined
  const { bak } = await fake({
    async *forward(request) {
      asked = request
      yield* answers
    }
  })
  const { status, stdout, stderr } = await bak('forward', 'db1', '8080:80', '9090')
  assert.equal(asked, { peer: 'db1', ports: [{ remote: 80, local: 8080 }, { remote: 9090 }] })
  assert.is(stdout, '127.0.0.1:8080 leads to port 80 of db1\n127.0.0.1:40123 leads to port 9090 of db1\n')
  assert.is(
    stderr,
    'bak: a connection to port 80 failed: port 80 of this machine: nothing listens there\n' +
      'bak: db1 cannot be reached now; the ports stay open\nbak: db1 is back\n'
  )
  assert.is(status, 0)
})

bak('ends after the time of --for with status 0, and aborts the call', async () => {
  const aborted = Promise.withResolvers<void>()
  const { bak } = await fake({
    async *forward(_, { signal }) {
      signal.addEventListener('abort', () => aborted.resolve())
      yield answers[0] as CallResponse<'forward'>
      await aborted.promise
    }
  })
  const { status, stdout } = await bak('forward', 'db1', '80', '--for', '1s')
  assert.equal([status, stdout], [0, '127.0.0.1:8080 leads to port 80 of db1\n'])
  await aborted.promise
})

bak('prints each answer as JSON with --json', async () => {
  const { bak } = await fake({
    async *forward() {
      yield* answers
    }
  })
  const { stdout } = await bak('forward', 'db1', '80', '--json')
  assert.equal(
    stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line)),
    answers
  )
})

bak('exits as the refusal says, with its words', async () => {
  const { bak } = await fake({
    async *forward() {
      throw new BakError('not-allowed', 'db1: allow.forward lets no port be reached')
    }
  })
  const { status, stderr } = await bak('forward', 'db1', '80')
  assert.is(status, 77)
  assert.match(stderr, /db1: allow\.forward lets no port be reached/)
})

bak('a word that is no port is a usage error, as is a time that is none', async () => {
  const { bak } = await fake()
  for (const word of ['http', '0', '65536', '1:2:3', ':80', '80:', '80-90', '127.0.0.1:80']) {
    const { status, stderr } = await bak('forward', 'db1', word)
    assert.is(status, 64, word)
    assert.match(stderr, /expected REMOTE or LOCAL:REMOTE, each a port from 1 to 65535/)
  }
  assert.is((await bak('forward', 'db1', '80', '--for', 'long')).status, 64)
  assert.is((await bak('forward', 'db1')).status, 64)
})

bak.run()
