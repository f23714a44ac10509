/** The call about inputs of jobs from addresses, with a store and a server. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { jobSources } from '../../../node/control/jobs/source-call.ts'
import { digestOf } from '../../../protocols/digest.ts'
import { BakError } from '../../../protocols/errors.ts'
import { noise, scratchArtifacts } from '../../artifacts/scratch-artifacts.ts'

const test = suite('the call about sources')
const content = noise(300_000)
const server = createServer((request, response) => {
  if (request.url === '/gone') response.writeHead(404).end()
  else if (request.url === '/slow') {
    response.writeHead(200, { 'content-length': content.length }).write(content.subarray(0, 1000))
    setTimeout(() => response.end(content.subarray(1000)), 400)
  } else if (request.url !== '/never') response.end(content)
})
let at = ''
test.before(async () => {
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
test.after(() => {
  server.closeAllConnections()
  server.close()
})

const sha256 = digestOf(content)
const signal = new AbortController().signal
const statesOf = (all: Array<{ state: string }>) => all.map(({ state }) => state)

test('what is not here is said so, and with a download it is fetched; one that fails keeps no other back', async () => {
  const artifacts = await scratchArtifacts()
  const sources = [
    { url: `${at}/gone`, sha256: 'a'.repeat(64) },
    { url: `${at}/slow`, sha256 }
  ]
  const before = await Array.fromAsync(jobSources({ artifacts }, { sources }, { signal }))
  assert.equal(statesOf(before), ['absent', 'absent'])
  const said = await Array.fromAsync(jobSources({ artifacts }, { sources, download: true }, { signal }))
  const { length } = said
  assert.equal([said[0]?.state, said[1]?.state, said[length - 1]?.state], ['failed', 'fetching', 'here'])
  assert.equal(said[1], { state: 'fetching', ...sources[1], done: 1000, total: content.length } as (typeof said)[1])
  assert.match(JSON.stringify(said[0]), /unreachable.*404 Not Found/)
  const after = await Array.fromAsync(jobSources({ artifacts }, { sources }, { signal }))
  assert.equal(statesOf(after), ['absent', 'here'])
})

test('who hangs up ends the transfer', async () => {
  const artifacts = await scratchArtifacts()
  const control = new AbortController()
  const sources = [{ url: `${at}/never`, sha256 }]
  const calls = jobSources({ artifacts }, { sources, download: true }, { signal: control.signal })
  setTimeout(() => control.abort(new BakError('interrupted', 'the caller is gone')), 50)
  const failure = await Array.fromAsync(calls).then(
    () => 'none',
    ({ message }) => message
  )
  assert.is(failure, 'the caller is gone')
})

test.run()
