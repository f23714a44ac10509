import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { GOOD, type OddServer, oddServer } from '../../../helpers/odd-server.ts'
import { contextOf, failures, outcomes, runner, serviceTime, several } from './requesters.ts'

const odd = suite('servers that answer oddly')

type Answer = Parameters<typeof oddServer>[0]

async function served<T>(answer: Answer, use: (server: OddServer) => Promise<T>): Promise<T> {
  const server = await oddServer(answer)
  try {
    return await use(server)
  } finally {
    await server.close()
  }
}

/** The first request is answered oddly, all others well: each must be what it is. */
const afterwardsGood =
  (first: Answer): Answer =>
  (socket, request, head) =>
    request === 0 ? first(socket, request, head) : void socket.write(GOOD)

for (const [what, answer, kind] of [
  ['a reset', socket => socket.resetAndDestroy(), 'ECONNRESET'],
  ['a close without an answer', socket => socket.end(), 'connection closed'],
  ['half a response', socket => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'), 'connection closed'],
  ['half a header', socket => socket.end('HTTP/1.1 200 OK\r\nContent-Le'), 'connection closed'],
  [
    'headers without end',
    socket => socket.write(`HTTP/1.1 200 OK\r\n${`x-pad: ${'y'.repeat(1000)}\r\n`.repeat(100)}`),
    'headers too large'
  ],
  ['what is no HTTP', socket => socket.write('220 mail.example ESMTP\r\n'), 'no valid HTTP'],
  [
    'a chunk of no length',
    socket => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'),
    'no valid HTTP'
  ]
] as [string, Answer, string][]) {
  odd(`${what} is ${kind}, and the next request is sent on a new connection`, () =>
    served(afterwardsGood(answer), async ({ origin, connections }) => {
      const [first, second] = await outcomes({ type: 'http', url: origin }, 2)
      assert.is(first?.failed, kind)
      assert.is(first?.isNetwork, false)
      assert.is(second?.failed, undefined)
      assert.is(connections(), 2)
    })
  )
}

for (const [what, answer] of [
  [
    'announcements before the response',
    socket => socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${GOOD}`)
  ],
  ['a response that ends with its connection', socket => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it')],
  ['a response without content', socket => socket.write('HTTP/1.1 204 No Content\r\n\r\n')],
  ['a response of HTTP/1.0', socket => socket.end('HTTP/1.0 200 OK\r\n\r\nold')]
] as [string, Answer][]) {
  odd(`${what} is no error`, () =>
    served(answer, async ({ origin }) => {
      assert.equal(failures(await outcomes({ type: 'http', url: origin }, 3)), [undefined, undefined, undefined])
    })
  )
}

odd('the service time goes to the last byte of a response in slow chunks', () =>
  served(
    async socket => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      for (let i = 0; i < 4; i++) {
        await sleep(50)
        socket.write('2\r\nok\r\n')
      }
      socket.write('0\r\n\r\n')
    },
    async ({ origin }) => {
      for (const each of await outcomes({ type: 'http', url: origin }, 2)) {
        assert.is(each.failed, undefined)
        assert.ok(serviceTime(each) > 190, `${serviceTime(each)} ms`)
      }
    }
  )
)

odd('a request without an answer ends at its timeout, and its late answer is not that of the next', () =>
  served(
    (socket, request) => {
      if (request === 0) setTimeout(() => socket.write('HTTP/1.1 500 Late\r\nContent-Length: 0\r\n\r\n'), 300)
      else socket.write(GOOD)
    },
    async ({ origin }) => {
      const made = await runner({ type: 'http', url: origin, timeout: 0.2 })
      const client = await made.open(contextOf())
      const late = await client.request()
      assert.is(late.failed, 'timeout')
      assert.is(late.isNetwork, false)
      assert.ok(serviceTime(late) > 180 && serviceTime(late) < 2_000, `${serviceTime(late)} ms`)
      const next = await several(client, 3)
      await sleep(200)
      assert.equal(failures([...next, ...(await several(client, 1))]), [undefined, undefined, undefined, undefined])
      await client.close()
    }
  )
)

odd('a response that goes on for ever ends at the timeout', () =>
  served(
    socket => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      const drip = setInterval(() => socket.write('1\r\nx\r\n'), 20)
      socket.once('close', () => clearInterval(drip))
    },
    async ({ origin }) => {
      assert.equal(failures(await outcomes({ type: 'http', url: origin, timeout: 0.2 }, 2)), ['timeout', 'timeout'])
    }
  )
)

odd('a second response to one request is not taken for that of the next', () =>
  served(
    (socket, request) =>
      void socket.write(request === 0 ? `${GOOD}HTTP/1.1 503 Odd\r\nContent-Length: 0\r\n\r\n` : GOOD),
    async ({ origin }) => {
      const made = await runner({ type: 'http', url: origin })
      const client = await made.open(contextOf())
      const first = await client.request()
      await sleep(50)
      assert.equal(failures([first, ...(await several(client, 2))]), [undefined, undefined, undefined])
      await client.close()
    }
  )
)

odd('an open request ends when its task is cut short, and none is sent afterwards', () =>
  served(
    () => {},
    async ({ origin }) => {
      const aborts = new AbortController()
      const made = await runner({ type: 'http', url: origin })
      const client = await made.open(contextOf({ signal: aborts.signal }))
      const open = client.request()
      await sleep(50)
      aborts.abort()
      assert.is((await open).failed, 'cut short')
      assert.is((await client.request()).failed, 'cut short')
      await client.close()
    }
  )
)

odd('nobody at the port, and a name that is none, are errors of the network', async () => {
  const { port } = await served(
    () => {},
    async server => server
  )
  const [refused] = await outcomes({ type: 'http', url: `http://127.0.0.1:${port}` }, 1)
  assert.is(refused?.failed, 'ECONNREFUSED')
  assert.is(refused?.isNetwork, true)
  const [unknown] = await outcomes({ type: 'http', url: 'http://nothing.invalid/' }, 1)
  assert.ok(['ENOTFOUND', 'EAI_AGAIN'].includes(unknown?.failed ?? ''), unknown?.failed)
  assert.is(unknown?.isNetwork, true)
})

odd('an interim response 100 that nobody asked for is named as what it is', () =>
  served(
    afterwardsGood(socket => socket.write(`HTTP/1.1 100 Continue\r\n\r\n${GOOD}`)),
    async ({ origin }) => {
      assert.equal(failures(await outcomes({ type: 'http', url: origin }, 2)), ['bad response', undefined])
    }
  )
)

odd('whatever bytes come, the request ends with an outcome, and other clients go on', async () => {
  const pieces = fc.oneof(
    fc.constantFrom(
      'HTTP/1.1 200 OK\r\n',
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.0 500 x\r\n',
      '\r\n',
      '\r\n\r\n',
      GOOD
    ),
    fc.constantFrom(
      'Content-Length: 5\r\n',
      'Content-Length: 5, 6\r\n',
      'Transfer-Encoding: chunked\r\n',
      'Connection: close\r\n'
    ),
    fc.constantFrom(
      'Upgrade: websocket\r\nConnection: Upgrade\r\n',
      'HTTP/1.1 101 Switching\r\n',
      '5\r\nhello\r\n',
      '0\r\n\r\n',
      'fffffffffffffffff\r\n'
    ),
    fc.string({ unit: 'binary', maxLength: 20 })
  )
  const answer = fc.record({ text: fc.array(pieces, { maxLength: 8 }), closes: fc.constantFrom('not', 'end', 'reset') })
  let next: { text: string[]; closes: string } = { text: [], closes: 'not' }
  await served(
    (socket, _, head) => {
      if (head.startsWith('GET /good')) return void socket.write(GOOD)
      socket.write(Buffer.from(next.text.join(''), 'latin1'))
      if (next.closes === 'end') socket.end()
      else if (next.closes === 'reset') socket.resetAndDestroy()
    },
    async ({ origin }) => {
      const made = await runner({ type: 'http', url: origin, timeout: 0.05 })
      const good = await runner({ type: 'http', url: `${origin}/good` })
      const property = fc.asyncProperty(answer, async given => {
        next = given
        const client = await made.open(contextOf())
        const [first] = await several(client, 1)
        assert.ok(first != null && first.ended >= first.begun)
        await client.close()
        const other = await good.open(contextOf())
        assert.equal(failures(await several(other, 1)), [undefined])
        await other.close()
      })
      await fc.assert(property, { numRuns: 80 })
    }
  )
})

odd.run()
