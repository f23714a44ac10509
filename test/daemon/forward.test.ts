/** Ports of members that people reach through the mesh, among real daemons: tools that speak HTTP work over it. */
import type { ChildProcess } from 'node:child_process'
import { createServer, request, type Server } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { finished, useTestnet } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'

const test = suite('bak forward among real daemons')
let http: Server
let port = 0
let refusedPort = 0
const net = useTestnet(
  {
    before: hook =>
      test.before(async () => {
        http = createServer((asked, answer) => {
          let length = 0
          asked.on('data', (chunk: Buffer) => {
            length += chunk.length
          })
          asked.on('end', () => {
            if (asked.url !== '/stream') return answer.end(`${asked.method} ${asked.url} ${length}`)
            answer.write('first ')
            setTimeout(() => answer.end('last'), 200)
          })
        })
        port = await new Promise(resolve =>
          http.listen(0, '127.0.0.1', () => resolve((http.address() as { port: number }).port))
        )
        const other = createTcpServer()
        refusedPort = await new Promise(resolve =>
          other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port))
        )
        await new Promise(resolve => other.close(resolve))
        await hook()
      }),
    after: hook => test.after(hook)
  },
  { peers: ['a', 'b', 'c'], args: name => (name === 'b' ? ['--allow-forward', `${port}`] : []) }
)
test.after(() => {
  http.closeAllConnections()
  http.close()
})

interface Forwarding {
  child: ChildProcess
  stdout(): string
  stderr(): string
  end: ReturnType<typeof finished>
}

function forward(...words: string[]): Forwarding {
  const child = net().spawnBak('a', ['forward', ...words])
  const texts = { stdout: '', stderr: '' }
  child.stdout?.on('data', data => {
    texts.stdout += data
  })
  child.stderr?.on('data', data => {
    texts.stderr += data
  })
  return { child, stdout: () => texts.stdout, stderr: () => texts.stderr, end: finished(child) }
}

const portOf = ({ stdout, stderr }: Forwarding) =>
  until(() => Number(/127\.0\.0\.1:(\d+) leads to port/.exec(stdout())?.[1]) || undefined, {
    timeout: 20_000,
    what: () => `a port: ${stderr()}`
  })

function get(at: number, path: string, body?: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: at, path, method: body == null ? 'GET' : 'POST' }, answer => {
      let text = ''
      answer.on('data', data => {
        text += data
      })
      answer.on('end', () => resolve(text))
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

test('a tool speaks HTTP over it: many requests at once, a large body, an answer in parts', async () => {
  const forwarding = forward('b', `${port}`)
  const at = await portOf(forwarding)
  const paths = Array.from({ length: 40 }, (_, i) => `/${i}`)
  assert.equal(
    await Promise.all(paths.map(path => get(at, path))),
    paths.map(path => `GET ${path} 0`)
  )
  const body = Buffer.alloc(8 * 1024 * 1024, 'x')
  assert.is(await get(at, '/large', body), `POST /large ${body.length}`)
  assert.is(await get(at, '/stream'), 'first last')
  forwarding.child.kill('SIGINT')
  assert.equal([(await forwarding.end).status, forwarding.stderr()], [0, ''])
  const refused = await get(at, '/').catch(({ code }) => code)
  assert.is(refused, 'ECONNREFUSED', 'the port is closed')
})

test('goes on until its time has come', async () => {
  const { status } = await forward('b', `${port}`, '--for', '1s').end
  assert.is(status, 0)
})

test('a command that is killed leaves no port behind', async () => {
  const forwarding = forward('b', `${port}`)
  const at = await portOf(forwarding)
  forwarding.child.kill('SIGKILL')
  await forwarding.end
  await until(
    () =>
      get(at, '/').then(
        () => false,
        ({ code }) => code === 'ECONNREFUSED'
      ),
    {
      timeout: 5_000,
      what: 'the port is closed'
    }
  )
})

const refusals: Array<[string, () => string[], number, RegExp]> = [
  [
    'a port that its owner does not name',
    () => ['b', `${refusedPort}`],
    77,
    /b: allow\.forward does not name port \d+; it is set in .*config\.toml or by --allow-forward/
  ],
  [
    'any port of a member whose owner says nothing',
    () => ['c', `${port}`],
    77,
    /c: allow\.forward lets no port be reached/
  ],
  ['a port of this machine that is taken', () => ['b', `${port}:${port}`], 75, /port \d+ of this machine is taken/],
  ['a member that nobody knows', () => ['nobody', `${port}`], 66, /no peer that is known here fits "nobody"/],
  ['several members at once', () => ['all', `${port}`], 64, /all fits a and b and c: name one of them/]
]
for (const [title, words, status, reason] of refusals) {
  test(`${title} is refused in words`, async () => {
    const answer = await forward(...words()).end
    assert.match(answer.stderr, reason)
    assert.is(answer.status, status)
  })
}

test('a member that is lost is named, and the port stays for its return', async () => {
  const forwarding = forward('b', `${port}`)
  const at = await portOf(forwarding)
  await net().stopPeer('b', 'SIGKILL')
  await until(() => forwarding.stderr().includes('b cannot be reached now'), {
    timeout: 30_000,
    what: () => `b is named as lost: ${forwarding.stderr()}`
  })
  assert.is(await get(at, '/').catch(({ code }) => code), 'ECONNRESET')
  await net().startPeer('b')
  await until(() => forwarding.stderr().includes('b is back'), {
    timeout: 30_000,
    what: () => `b is back: ${forwarding.stderr()}`
  })
  assert.is(await get(at, '/again'), 'GET /again 0')
  forwarding.child.kill('SIGTERM')
  assert.is((await forwarding.end).status, 0)
})

test.run()
