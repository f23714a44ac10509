/** Inputs of jobs from an address: fetched once, checked against their SHA-256, and what is said where that fails. */
import { readdirSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Body } from '../../node/artifacts/body.ts'
import { shownAddress } from '../../node/artifacts/download.ts'
import { Sources, type SourcesInit } from '../../node/artifacts/sources.ts'
import { digestOf } from '../../protocols/digest.ts'
import { BakError } from '../../protocols/errors.ts'
import { controller } from '../protocols/samples.ts'
import { scratch } from '../store/scratch.ts'
import { noise, scratchArtifacts } from './scratch-artifacts.ts'

const test = suite('sources of jobs')
const content = noise(200_000)
const sha256 = digestOf(content)
const servers: Server[] = []

/** @returns the address of a server, and the paths that it was asked for */
async function serve(answer: RequestListener): Promise<{ at: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.url}`)
    answer(request, response)
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  servers.push(server)
  return { at: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

test.after(() => {
  for (const each of servers) {
    each.closeAllConnections()
    each.close()
  }
})

async function sourcesIn(folder = scratch(), init: Partial<SourcesInit> = {}) {
  const { store, imports } = await scratchArtifacts({ folder: join(folder, 'artifacts') })
  return {
    store,
    sources: new Sources({ store, imports, folder: join(folder, 'sources'), self: controller.peer, ...init })
  }
}

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    ({ code, message }: BakError) => `${code}: ${message}`
  )

test('a source is an artifact with these bytes, and is fetched once, also after a restart', async () => {
  const { at, asked } = await serve((_, response) => response.end(content))
  const folder = scratch()
  const { store, sources } = await sourcesIn(folder)
  const source = { url: `${at}/a.tar.gz`, sha256 }
  assert.is(await sources.find(sha256), undefined)
  const seen: number[] = []
  const [first, second] = await Promise.all([
    sources.fetch(source, { onProgress: done => seen.push(done) }),
    sources.fetch(source)
  ])
  assert.equal([first.bytes, second, seen.at(-1)], [content.length, first, content.length])
  const { files } = await store.read(first.digest)
  assert.equal(
    files.map(({ path, mode, digest }) => ({ path, mode, digest })),
    [{ path: '', mode: 0o644, digest: sha256 }]
  )
  const again = await sourcesIn(folder)
  assert.equal(await again.sources.fetch(source), first)
  assert.equal(asked, ['/a.tar.gz'])
  assert.equal(readdirSync(join(folder, 'sources')), ['known.json'])
})

test('a source that the store has not kept, or whose record is damaged, is fetched again', async () => {
  const { at, asked } = await serve((_, response) => response.end(content))
  const folder = scratch()
  const { store, sources } = await sourcesIn(folder)
  const source = { url: `${at}/a`, sha256 }
  const { digest } = await sources.fetch(source)
  await store.remove(digest)
  assert.equal(await sources.find(sha256), undefined)
  assert.is((await sources.fetch(source)).digest, digest)
  writeFileSync(join(folder, 'sources/known.json'), '[{"sha256":')
  assert.is((await (await sourcesIn(folder)).sources.fetch(source)).digest, digest)
  assert.is(asked.length, 3)
})

test('redirections are followed, and the bytes are taken as they come', async () => {
  const { at, asked } = await serve((request, response) => {
    if (request.url === '/old') response.writeHead(302, { location: '/new' }).end()
    else response.writeHead(200, { 'content-encoding': 'gzip' }).end(content)
  })
  const { sources, store } = await sourcesIn()
  const { digest } = await sources.fetch({ url: `${at}/old`, sha256 })
  const body = new Body(store.folderOf(digest), await store.read(digest))
  const first = Buffer.from((await body.read(0)) ?? [])
  await body.close()
  assert.ok(first.equals(content.subarray(0, 64 * 1024)))
  assert.equal(asked, ['/old', '/new'])
})

const wrong = 'f'.repeat(64)
const failures: Array<[string, RequestListener, string, Partial<SourcesInit['limits'] & object>, RegExp]> = [
  [
    'is not there',
    (_, out) => out.writeHead(404, 'Not Found').end('no'),
    sha256,
    {},
    /^unreachable: http:\/\/127.0.0.1:\d+\/x: 404 Not Found$/
  ],
  [
    'is another one',
    (_, out) => out.end(content),
    wrong,
    {},
    new RegExp(`^mismatch: http://127.0.0.1:\\d+/x has .* ${sha256}, and ${wrong} is declared$`)
  ],
  [
    'is too large, as the server says',
    (_, out) => out.end(content),
    sha256,
    { largest: 1000 },
    /^not-allowed: .*\/x: it has 200000 bytes, and artifacts.largest here is 1000$/
  ],
  [
    'is too large, as it turns out',
    (_, out) => {
      out.write(content)
      out.end()
    },
    sha256,
    { largest: 1000 },
    /^not-allowed: .*more than 1000 bytes/
  ],
  ['does not come', () => {}, sha256, { silence: 50 }, /^timeout: .*\/x: the server says nothing for 0.05 s$/],
  [
    'stops in the middle',
    (_, out) => void out.writeHead(200, { 'content-length': 9 }).write('abc'),
    sha256,
    { silence: 50 },
    /^timeout: .*says nothing/
  ],
  ['comes too slowly', (_, out) => drip(out), sha256, { whole: 100 }, /^timeout: .*not fetched within 0.1 s$/],
  [
    'breaks off',
    (_, out) => void out.writeHead(200, { 'content-length': 9 }).write('abc', () => out.destroy()),
    sha256,
    {},
    /^unreachable: .*\/x cannot be fetched: /
  ],
  [
    'is redirected for ever',
    (_, out) => out.writeHead(301, { location: '/x' }).end(),
    sha256,
    {},
    /^unreachable: .*more than 10 redirections/
  ],
  [
    'is redirected to a file',
    (_, out) => out.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    sha256,
    {},
    /redirected to file:\/\/\/etc\/passwd, which is no address of http/
  ]
]

function drip(out: Parameters<RequestListener>[1]): void {
  const timer = setInterval(() => out.write('a'), 20)
  out.on('close', () => clearInterval(timer))
}

for (const [what, answer, declared, limits, says] of failures) {
  test(`a source that ${what} is named, and leaves nothing`, async () => {
    const { at } = await serve(answer)
    const folder = scratch()
    const { sources, store } = await sourcesIn(folder, { limits })
    assert.match(await failureOf(sources.fetch({ url: `${at}/x`, sha256: declared })), says)
    assert.equal([store.list(), readdirSync(join(folder, 'sources'))], [[], []])
  })
}

test('a server that is not there is named', async () => {
  const { sources } = await sourcesIn()
  const { at } = await serve(() => {})
  servers.pop()?.close()
  assert.match(
    await failureOf(sources.fetch({ url: `${at}/x`, sha256 })),
    /^unreachable: .*\/x cannot be fetched: .*ECONNREFUSED/
  )
})

test('an abort ends a transfer at once with its reason', async () => {
  const { at } = await serve((_, response) => void response.writeHead(200).write('abc'))
  const { sources } = await sourcesIn()
  const control = new AbortController()
  const fetching = failureOf(sources.fetch({ url: `${at}/x`, sha256 }, { signal: control.signal }))
  setTimeout(() => control.abort(new BakError('cancelled', 'the run was cancelled')), 50)
  assert.is(await fetching, 'cancelled: the run was cancelled')
})

test('the proxy of the environment is asked', async () => {
  const proxy = await serve((_, response) => response.end(content))
  const { sources } = await sourcesIn()
  process.env.HTTP_PROXY = proxy.at
  try {
    await sources.fetch({ url: 'http://sources.example.org/a', sha256 })
  } finally {
    delete process.env.HTTP_PROXY
  }
  assert.equal(proxy.asked, ['http://sources.example.org/a'])
})

test('the password of an address is not shown', () => {
  assert.is(shownAddress('https://me:secret@example.org/a?b'), 'https://example.org/a?b')
})

test.run()
