import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Upload, type UploadLimits, upload } from '../../../node/run/moving/pbench-upload.ts'
import { packXz } from '../../../node/store/xz-tarball.ts'
import { BakError } from '../../../protocols/errors.ts'
import { type Behaviour, PbenchServer, TOKEN } from '../../helpers/pbench-server.ts'
import { needs, skipWhere } from '../../helpers/skip.ts'
import { scratch } from '../../store/scratch.ts'

const uploads = suite('an upload to a pbench server')
const test = skipWhere(needs('xz') ?? needs('tar'), uploads)
const limits: UploadLimits = { silence: 300, answer: 300, rate: 1e6, waits: [5, 10] }
let server: PbenchServer
let runs = 0

uploads.before(async () => {
  server = await PbenchServer.start()
})
uploads.after(() => server.stop())
uploads.before.each(() => {
  server.seen.length = 0
  server.plan.length = 0
})

const metalog = (name: string) =>
  `[pbench]\ndate = 2026-11-22T21:30:15.123000\nname = ${name}\nscript = true\n\n[run]\ncontroller = a\nstart_run = x\nend_run = y\n`

/** A small result, packed as results are. */
async function tarball(more: Partial<Upload> = {}, text = metalog): Promise<Upload> {
  const run = `20261122T213015-${String(++runs).padStart(6, 'x')}`
  const folder = join(scratch(), run)
  mkdirSync(folder)
  writeFileSync(join(folder, 'metadata.log'), text(run))
  writeFileSync(join(folder, 'noise'), createHash('sha512').update(run).digest())
  const target = join(scratch(), `${run}.tar.xz`)
  const packed = await packXz(folder, target, { signal: AbortSignal.timeout(30_000), onRead: () => {} })
  const about = { base: `${server.url}/api/v1`, name: `${run}.tar.xz`, token: TOKEN }
  return { ...about, access: 'private', metadata: [], ...packed, ...more }
}

const put = (what: Upload, more: { limits?: UploadLimits; signal?: AbortSignal } = {}) =>
  upload(what, { signal: AbortSignal.timeout(30_000), onProgress: () => {}, limits, ...more })

async function failed(what: Upload, ...plan: Behaviour[]): Promise<BakError> {
  server.plan.push(...plan)
  const error = await put(what).catch(cause => cause)
  assert.instance(error, BakError, String(error))
  return error
}

test('it is as pbench documents it: address, headers, MD5 in hex, content', async () => {
  const what = await tarball({ access: 'public', metadata: ['global.campaign:a b', 'dataset.name:nightly, 4k'] })
  assert.is(await put(what), false)
  const [{ method, url, headers } = assert.unreachable() as never] = server.seen
  assert.is(method, 'PUT')
  const query = 'access=public&metadata=global.campaign%3Aa+b&metadata=dataset.name%3Anightly%2C+4k'
  assert.is(url, `/api/v1/upload/${what.name}?${query}`)
  assert.is(headers.authorization, `Bearer ${TOKEN}`)
  assert.is(headers['content-md5'], what.md5)
  assert.is(headers['content-type'], 'application/octet-stream')
  assert.is(headers['content-length'], String(what.bytes))
  assert.is(headers['transfer-encoding'], undefined)
  const taken = server.datasets.get(what.md5)
  assert.is(taken?.access, 'public')
  assert.equal(taken?.metadata, ['global.campaign:a b', 'dataset.name:nightly, 4k'])
})

test('what the server has already is proven as well', async () => {
  const what = await tarball()
  assert.is(await put(what), false)
  assert.is(await put(what), true)
})

test('progress goes up to the whole, and ends there', async () => {
  const what = await tarball()
  const seen: number[] = []
  await upload(what, { signal: AbortSignal.timeout(30_000), limits, onProgress: done => seen.push(done) })
  assert.is(seen.at(-1), what.bytes)
})

test('a server that is busy, or breaks off, is tried again, and then has it', async () => {
  for (const trouble of [503, 'cut', 'lose', 409] as Behaviour[]) {
    server.plan.push(trouble)
    const what = await tarball()
    // where the answer was lost the server says that it has it
    assert.is(await put(what), trouble === 'lose', String(trouble))
    assert.ok(server.datasets.has(what.md5), String(trouble))
  }
})

test('a server that stays busy, or goes on breaking off, is left after a bounded number of attempts', async () => {
  const busy = await failed(await tarball(), 503, 503, 503)
  assert.is(busy.code, 'unreachable')
  assert.match(busy.message, 'answered 503 3 times: told to say 503; so it is')
  const broken = await failed(await tarball(), 'cut', 'cut', 'cut')
  assert.is(broken.code, 'unreachable')
  assert.match(broken.message, /cannot be sent to: .+, after 3 attempts/)
  assert.is(server.seen.length, 6)
})

test('nobody there is an error in words', async () => {
  const gone = await PbenchServer.start()
  const { url } = gone
  await gone.stop()
  const error = await failed(await tarball({ base: `${url}/api/v1` }))
  assert.is(error.code, 'unreachable')
  assert.match(error.message, /ECONNREFUSED.*after 3 attempts/)
})

const refusals: Array<[Behaviour, string, RegExp]> = [
  [400, 'not-allowed', /answered 400: told to say 400; so it is$/],
  [401, 'not-allowed', /answered 401: .*PBENCH_ACCESS_TOKEN/],
  ['early', 'not-allowed', /answered 401: .*PBENCH_ACCESS_TOKEN/],
  [404, 'unreachable', /address of a pbench server/],
  [507, 'no-space', /answered 507/],
  [500, 'unreachable', /answered 500/],
  ['html', 'unreachable', /not as a pbench server does: nothing proves/],
  ['redirect', 'io', /answered 302, and points to https:\/\/elsewhere.example.com\/, which is not followed/]
]
for (const [behaviour, code, why] of refusals)
  test(`a server that answers ${behaviour} is believed at once`, async () => {
    const error = await failed(await tarball(), behaviour)
    assert.is(error.code, code)
    assert.match(error.message, why)
    assert.is(server.seen.length, 1)
  })

test('a token that the server does not know, a wrong MD5 and a metadata.log of another run are refused by it', async () => {
  assert.is((await failed(await tarball({ token: 'wrong' }))).code, 'not-allowed')
  assert.match((await failed(await tarball({ md5: 'f'.repeat(32) }))).message, 'does not match expected')
  assert.match((await failed(await tarball({}, () => metalog('other')))).message, 'name is other')
  assert.match((await failed(await tarball({}, name => `${metalog(name)}[run]\n`))).message, 'run is there twice')
})

test('a server that stops reading, or never answers, is left at a deadline', async () => {
  for (const trouble of ['hang', 'silent'] as const) {
    const error = await failed(await tarball(), trouble)
    assert.is(error.code, 'timeout')
    assert.match(error.message, 'says nothing for 1 s')
  }
})

test('a server that takes a byte now and then is left at a deadline for the whole', async () => {
  const bytes = 64 * 1024 * 1024
  const read = () =>
    Readable.from(
      (async function* () {
        for (let i = 0; i < 64; i++) {
          await new Promise(resolve => setTimeout(resolve, 100))
          yield Buffer.alloc(1024 * 1024)
        }
      })()
    )
  const what = { ...(await tarball()), bytes, read }
  const slow = { ...limits, rate: bytes / 0.2 }
  const error = await put(what, { limits: slow }).catch(cause => cause)
  assert.is(error.code, 'timeout')
  assert.match(error.message, `has not taken ${bytes} bytes within 1 s`)
})

test('a caller that goes away ends it', async () => {
  server.plan.push('hang')
  const leaving = new AbortController()
  const putting = put(await tarball(), { signal: leaving.signal }).catch(cause => cause)
  setTimeout(() => leaving.abort(new BakError('interrupted', 'gone')), 50)
  assert.is((await putting).code, 'interrupted')
})

uploads.run()
