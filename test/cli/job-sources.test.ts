/** The command that lists and fetches inputs of jobs from addresses. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CallRequest } from '../../protocols/control.ts'
import { scratch } from '../store/scratch.ts'
import { DIGEST, useFakes, yields } from './fake.ts'

const bak = suite('bak job sources')
const fake = useFakes(bak)
const other = 'b'.repeat(64)
const [a, b] = ['https://example.org/a.tar.gz', 'http://example.org/b']
const input = (url: string, sha256: string, more = '') => `{ url = "${url}", sha256 = "${sha256}"${more} }`

function fileWith(text: string): string {
  const path = join(scratch(), 'build.toml')
  writeFileSync(path, text)
  return path
}

const file = fileWith(`
[[job]]
name = "lib"
script = "make"
inputs = ["src", ${input(a, DIGEST)}]
[[job]]
name = "app"
script = "make"
inputs = [${input(a, DIGEST, ', as = "x"')}, ${input(b, other)}]
`)

bak('each source is there once, with the jobs that have it and whether it is here', async () => {
  let asked: CallRequest<'job-sources'> | undefined
  const { bak } = await fake({
    async *'job-sources'(request) {
      asked = request
      yield { state: 'here', url: a, sha256: DIGEST, digest: other, bytes: 2048, fetched: false }
      yield { state: 'absent', url: b, sha256: other }
    }
  })
  const { stdout, status } = await bak('job', 'sources', file)
  assert.equal(asked?.sources, [
    { url: a, sha256: DIGEST },
    { url: b, sha256: other }
  ])
  assert.is(
    stdout,
    [
      'SHA-256           STATE     BYTES    JOBS      ADDRESS',
      `${DIGEST.slice(0, 16)}  here      2.0 KiB  lib, app  ${a}`,
      `${'b'.repeat(16)}  not here  -        app       ${b}`,
      ''
    ].join('\n')
  )
  assert.is(status, 0)
})

bak('one that cannot be fetched is named, and its code is the status', async () => {
  const error = `${b}: 404 Not Found`
  const { bak } = await fake({
    'job-sources': yields(
      { state: 'fetching', url: a, sha256: DIGEST, done: 10, total: 20 },
      { state: 'here', url: a, sha256: DIGEST, digest: other, bytes: 20, fetched: true },
      { state: 'failed', url: b, sha256: other, code: 'unreachable', error }
    )
  })
  const { stdout, status } = await bak('job', 'sources', file, '--download')
  assert.match(stdout, /fetched +20 B/)
  assert.match(stdout, /failed +- +app/)
  assert.ok(stdout.includes(`\n${error}\n`))
  assert.is(status, 69)
})

bak('a file without sources asks nobody', async () => {
  const { bak } = await fake()
  const { stdout, status } = await bak('job', 'sources', fileWith('[[job]]\nname = "x"\nscript = ":"\n'))
  assert.match(stdout, /^no job of .*build.toml has an input from an address$/m)
  assert.is(status, 0)
})

bak('a daemon that goes away in between is lost contact', async () => {
  const { bak } = await fake({ 'job-sources': yields({ state: 'absent', url: a, sha256: DIGEST }) })
  assert.is((await bak('job', 'sources', file)).status, 5)
})

bak.run()
