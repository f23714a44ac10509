/** A member with changed code that announces what it never sends, under a name that a terminal obeys: daemons in this process, and `bak`. */
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { zstdCompressSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { handlers } from '../../node/agent/phases/index.ts'
import { digestOf } from '../../protocols/digest.ts'
import { sendTarball } from '../../protocols/tarball.ts'
import { BAK } from '../../testnets/programs.ts'
import { Inside } from '../helpers/inside.ts'
import { finished } from '../helpers/mesh.ts'
import { crafted } from '../store/tars.ts'

/** A title for the window, a line up, text from right to left. */
const EVIL = '\x1b]0;PWNED\x07\x1b[1A\u202epwned\u2066'
const OBEYED = /[^\n\P{C}]/u
const TOOLS = '1-default/sample1/tools-default/b'

const test = suite('what a member announces')
const honest = { ...handlers }
let inside: Inside
test.before(async () => {
  inside = await Inside.start({ a: {}, b: {} })
})
test.after.each(() => void Object.assign(handlers, honest))
test.after(() => inside.stop())

const isRogue = (self: string) => self === inside.daemon('b').parts.identity.peer
const bak = (...words: string[]) => {
  const env = { ...process.env, BAK_HOME: inside.daemon('a').parts.home.root }
  return finished(spawn(BAK, words, { cwd: inside.folder, env, stdio: ['ignore', 'pipe', 'pipe'] }))
}
const bakRun = () => bak('run', '--tools', 'proc', '--sysinfo', 'none', '--quorum', '1', '--', 'sleep', '1')
const latest = () => readdirSync(inside.daemon('a').parts.home.runs()).sort().at(-1) as string

/** Everything that shows a result on a terminal. */
async function shownOf(run: string): Promise<string> {
  const shown = await Promise.all([bak('show', run, '--all'), bak('verify', run), bak('ls'), bak('collect', run)])
  return shown.map(({ stdout, stderr }) => stdout + stderr).join('\n')
}

test('and never sends excludes it by name: the others end well, and what is sealed is as it was signed', async () => {
  handlers.send = async context => {
    if (!isRogue(context.member.self)) return honest.send(context)
    return { produced: [{ name: EVIL, digest: 'd'.repeat(64), bytes: 7, files: 'f'.repeat(64) }] }
  }
  const { stdout, stderr } = await bakRun()
  assert.match(stderr + stdout, /b.*it announced .*pwned.*, which did not arrive/s)
  assert.not.match(stdout + stderr, OBEYED)
  const run = latest()
  assert.not.match((await bak('show', run, '--json')).stdout, OBEYED)
  const verified = await bak('verify', run)
  assert.is(verified.status, 0, verified.stdout + verified.stderr)
  assert.not.match(await shownOf(run), OBEYED)
})

test('and answers, or names its files by, is shown without what a terminal obeys', async () => {
  handlers.stop = async context => {
    const done = await honest.stop(context)
    if (!isRogue(context.member.self)) return done
    const content = new Uint8Array(zstdCompressSync(crafted([{ path: `${TOOLS}/${EVIL}`, body: 'x' }])))
    const controller = context.member.controller
    const { run } = context.member
    const offer = {
      run,
      what: '1-default/sample1',
      kind: 'sample' as const,
      digest: digestOf(content),
      bytes: content.length,
      allow: [TOOLS]
    }
    const read = async (at: number, n: number) => content.subarray(at, at + n)
    await sendTarball(
      inside.daemon('b').parts.streams.to(controller),
      offer,
      { read },
      { signal: AbortSignal.timeout(10_000), to: controller }
    )
    return { ...done, warnings: [EVIL], missing: [{ kind: 'tool' as const, what: EVIL, reason: EVIL }] }
  }
  const { stdout, stderr } = await bakRun()
  assert.match(stdout + stderr, /pwned/)
  assert.not.match(stdout + stderr, OBEYED)
  assert.not.match(await shownOf(latest()), OBEYED)
})

test.run()
