import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { faultInHttp } from '../../../../protocols/tasks/http-address.ts'
import { needsNginx, startNginx } from '../../../helpers/nginx.ts'
import { skipWhere } from '../../../helpers/skip.ts'
import { contextOf, failures, outcomes, runner, serviceTime, several } from './requesters.ts'

const http = suite('the operation http')
const withNginx = skipWhere(needsNginx(), http)

withNginx(
  'a client of nginx sends its requests on one connection, one of a task without keep_alive each on its own',
  async () => {
    const nginx = await startNginx()
    try {
      const made = await runner({ type: 'http', url: `${nginx.origin}/kept?a=1` })
      const client = await made.open(contextOf())
      const before = await several(client, 4)
      // one that waits for its turn keeps its connection, too
      await sleep(100)
      const kept = [...before, await client.request()]
      await client.close()
      assert.equal(failures(kept), Array(5).fill(undefined))
      for (const each of kept) assert.ok(serviceTime(each) > 0 && serviceTime(each) < 5_000)
      await outcomes({ type: 'http', url: `${nginx.origin}/fresh`, keep_alive: false }, 5)
      const logged = await nginx.requests(10)
      const connectionsOf = (path: string) => logged.filter(each => each.path === path).map(each => each.connection)
      assert.equal(connectionsOf('/kept?a=1').length, 5)
      assert.is(new Set(connectionsOf('/kept?a=1')).size, 1)
      assert.is(new Set(connectionsOf('/fresh')).size, 5)
    } finally {
      await nginx.stop()
    }
  }
)

withNginx('a status from 400 on is an error of its kind, unless it is expected', async () => {
  const nginx = await startNginx()
  try {
    const url = `${nginx.origin}/status/503`
    const [refused] = await outcomes({ type: 'http', url }, 1)
    assert.is(refused?.failed, 'status 503')
    assert.is(refused?.isNetwork, false)
    assert.equal(failures(await outcomes({ type: 'http', url, expect: [503] }, 2)), [undefined, undefined])
    assert.equal(failures(await outcomes({ type: 'http', url: nginx.origin, expect: [503] }, 1)), ['status 200'])
  } finally {
    await nginx.stop()
  }
})

withNginx('each client has a target of its own, counted anew behind the last', async () => {
  const [first, second] = await Promise.all([startNginx(), startNginx()])
  try {
    const made = await runner({ type: 'http', url: '/c{client}', targets: [first.origin, `${second.origin}/base/`] })
    for (const index of [0, 1, 2, 3]) {
      const client = await made.open(contextOf({ index, clients: 4 }))
      await several(client, 2)
      await client.close()
    }
    const paths = async (server: typeof first) => (await server.requests(4)).map(({ path }) => path)
    assert.equal(await paths(first), ['/c0', '/c0', '/c2', '/c2'])
    assert.equal(await paths(second), ['/base/c1', '/base/c1', '/base/c3', '/base/c3'])
  } finally {
    await Promise.all([first.stop(), second.stop()])
  }
})

withNginx('a stopped server shows in the service time of the request that it holds', async () => {
  const nginx = await startNginx()
  const made = await runner({ type: 'http', url: nginx.origin })
  const client = await made.open(contextOf())
  try {
    await client.request()
    process.kill(nginx.pid, 'SIGSTOP')
    setTimeout(() => process.kill(nginx.pid, 'SIGCONT'), 350)
    const stalled = await client.request()
    assert.is(stalled.failed, undefined)
    assert.ok(serviceTime(stalled) > 300, `${serviceTime(stalled)} ms`)
    assert.ok(serviceTime(await client.request()) < 300)
  } finally {
    await client.close()
    await nginx.stop()
  }
})

http('method, headers and body go out as they are written, with the numbers of client and request', async () => {
  const seen: { method?: string; url?: string; headers: IncomingMessage['headers']; body: string }[] = []
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request
    seen.push({ ...(method && { method }), ...(url && { url }), headers, body: await text(request) })
    response.end('kept')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  try {
    await outcomes(
      {
        type: 'http',
        url: `http://127.0.0.1:${port}/docs/{client}-{request}?q=ü b#part`,
        method: 'PUT',
        headers: { 'Content-Type': 'application/json', 'X-Client': '{client} of {clients}' },
        body: '{"id": {request}, "more": {"é": 1}}'
      },
      2,
      { index: 3, clients: 8 }
    )
    assert.equal(
      seen.map(({ method, url }) => `${method} ${url}`),
      ['PUT /docs/3-0?q=%C3%BC%20b', 'PUT /docs/3-1?q=%C3%BC%20b']
    )
    assert.equal(
      seen.map(({ body }) => body),
      ['{"id": 0, "more": {"é": 1}}', '{"id": 1, "more": {"é": 1}}']
    )
    assert.is(seen[0]?.headers['content-type'], 'application/json')
    assert.is(seen[0]?.headers['x-client'], '3 of 8')
    assert.is(seen[0]?.headers['content-length'], String(Buffer.byteLength(seen[0]?.body ?? '')))
  } finally {
    server.close()
  }
})

http('a body from a file is sent as it is, and one that is not there is named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bak-body-'))
  const content = randomBytes(300_000)
  writeFileSync(join(folder, 'body.bin'), content)
  const seen: Buffer[] = []
  const server = createServer(async (request, response) => {
    seen.push(await buffer(request))
    response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const url = `http://127.0.0.1:${port}/`
  try {
    const body = { method: 'POST', body_file: '/home/me/./body.bin' }
    assert.equal(failures(await outcomes({ type: 'http', url, ...body }, 2, { folder })), [undefined, undefined])
    assert.ok(seen.length === 2 && seen.every(each => each.equals(content)))
    const missing = await outcomes({ type: 'http', url, ...body, body_file: 'gone.bin' }, 1, { folder }).catch(
      cause => cause
    )
    assert.is((missing as Error).message, 'body_file: gone.bin: no such file or directory')
  } finally {
    server.close()
    rmSync(folder, { recursive: true })
  }
})

http('a body is sent with any method, also with GET', async () => {
  const seen: string[] = []
  const server = createServer(async (request, response) => {
    seen.push(`${request.method} ${request.headers['content-length']} ${await text(request)}`)
    response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`
  try {
    for (const method of ['GET', 'DELETE', 'PATCH', 'POST'])
      assert.equal(failures(await outcomes({ type: 'http', url, method, body: 'abc' }, 2)), [undefined, undefined])
    assert.equal(failures(await outcomes({ type: 'http', url, method: 'POST' }, 1)), [undefined])
    const each = ['GET', 'DELETE', 'PATCH', 'POST'].flatMap(method => Array(2).fill(`${method} 3 abc`))
    assert.equal(seen, [...each, 'POST 0 '])
  } finally {
    server.close()
  }
})

http('whatever a run file may say of a request can be sent', async () => {
  const server = createServer((request, response) => request.resume().on('end', () => response.end())).listen(
    0,
    '127.0.0.1'
  )
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  const header = fc.tuple(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._@#-]{0,9}$/), fc.string({ unit: 'binary' }))
  const anyOperation = fc.record({
    url: fc.string({ unit: 'binary' }).map(path => `${origin}/${path}`),
    method: fc.stringMatching(/^[A-Z]{1,16}$/),
    headers: fc.array(header, { maxLength: 3 }).map(each => Object.fromEntries(each)),
    body: fc.option(fc.string({ unit: 'binary' }), { nil: undefined })
  })
  try {
    let sent = 0
    await fc.assert(
      fc.asyncProperty(anyOperation, async ({ body, ...rest }) => {
        const operation = { type: 'http' as const, ...rest, ...(body == null ? {} : { body }) }
        if (faultInHttp(operation) != null) return
        sent++
        const [ended] = await outcomes(operation, 1)
        // the server may not know the method, or not like the header
        const { failed = 'status 400' } = ended ?? {}
        assert.ok(['status 400', 'ECONNRESET', 'connection closed'].includes(failed), failed)
      }),
      { numRuns: 200 }
    )
    assert.ok(sent > 20, `${sent} were sent`)
  } finally {
    server.close()
  }
})

http('an address that is none is refused by its key before any client opens', async () => {
  for (const [operation, reason] of [
    [{ url: 'localhost:80/x' }, /^url: "localhost:80\/x" is no address such as/],
    [{ url: '/x' }, /^url: "\/x" is no address/],
    [{ url: 'http://[::1/x' }, /is no address/],
    [{ url: 'http://a/{client}', targets: ['http://b'] }, /^url: .* is a whole address; beside targets/],
    [{ url: '/x', targets: ['http://b', 'ftp://c'] }, /^targets: "ftp:\/\/c"/],
    [{ url: '/x', targets: ['http://b?x=1'] }, /^targets: .* has a query/],
    [{ url: 'http://me:secret@b/x' }, /^url: .* has a user in it/],
    [{ url: 'http://b{client}/x' }, /^url: the host of .* cannot vary/],
    [{ url: 'http://b/x', headers: { Connection: 'close' } }, /^headers: "Connection" follows from the request/],
    [{ url: 'http://b/x', headers: { 'x@a': 'a' } }, /^headers: "x@a" is no name of a header/],
    [{ url: 'http://b/x', method: 'CONNECT' }, /^method: CONNECT/],
    [{ url: 'http://b/x', headers: { 'x-a': 'a\nb' } }, /^headers: the value of "x-a"/]
  ] as const) {
    const wrong = await runner({ type: 'http', ...(operation as { url: string }) }).then(
      () => 'was taken',
      cause => cause
    )
    assert.is(wrong.code, 'bad-run-file', JSON.stringify(operation))
    assert.match(wrong.message, reason)
  }
})

http.run()
