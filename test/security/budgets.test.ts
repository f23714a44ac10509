/** A member that fills the controller's disk, with changed code: what it may bring is bounded by the manifest and by the owner's limits. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { digestOf } from '../../protocols/digest.ts'
import type { Shortfall } from '../../protocols/shortfall.ts'
import { sendTarball, type TarballOffer } from '../../protocols/tarball.ts'
import { Inside } from '../helpers/inside.ts'
import { until } from '../helpers/until.ts'
import { crafted } from '../store/tars.ts'

const MIB = 2 ** 20
const test = suite('budgets of a member')
let inside: Inside
test.before(async () => {
  inside = await Inside.start({ a: { receive_limits: { bytes: 48 * MIB, files: 40, tarballs: 5 } }, b: {} })
})
test.after(() => inside.stop())

/** A few KiB that unpack to so many MiB of which no byte is a hole. */
function bomb(folder: string, mib: number): Uint8Array {
  const body = 'x'.repeat(mib * MIB)
  return new Uint8Array(zstdCompressSync(crafted([{ path: `${folder}/blob`, body }])))
}

interface Sent {
  folder: string
  content: Uint8Array
  kind?: TarballOffer['kind']
  what?: string
  allow?: string[]
}

/** Drives a run in which b, beside its own data, sends what `sends` says while the workload runs. @returns the answers, and the end */
async function attack(sends: Sent[], spec: object = {}) {
  const answers: string[] = []
  const a = inside.daemon('a').parts.identity.peer
  const { streams } = inside.daemon('b').parts
  let attacking: Promise<void> | undefined
  const send = async (run: string) => {
    for (const { folder, content, kind = 'sample', what = '1-default/sample1', allow = [folder] } of sends) {
      const offer = { run, what, kind, digest: digestOf(content), bytes: content.length, allow }
      const read = async (at: number, n: number) => content.subarray(at, at + n)
      const answer = await sendTarball(
        streams.to(a),
        offer,
        { read },
        { signal: AbortSignal.timeout(30_000), to: a }
      ).then(
        () => 'taken',
        cause => `${cause.code}: ${cause.message}`
      )
      answers.push(answer)
    }
  }
  const ended = await inside.run(
    'a',
    { command: ['sleep', '4'], tools: ['proc'], policy: { quorum: 1 }, ...spec },
    (event, run) => {
      if (event.type === 'workload-started') attacking = send(run)
    }
  )
  await attacking
  const data = ended.record.shortfalls.filter(({ kind }) => kind === 'data')
  return { ...ended, answers, data }
}

const TOOLS = '1-default/sample1/tools-default/b'
const reasons = (data: Shortfall[]) => data.map(({ member, what, reason }) => `${what} on ${member}: ${reason}`)

test('tarballs that unpack to more than the member may bring in all are refused, and the owner sees by which limit', async () => {
  const sends = ['one', 'two'].map(name => ({ folder: TOOLS, content: bomb(`${TOOLS}/${name}`, 32) }))
  for (const { content } of sends) assert.ok(content.length < 32_768)
  const { answers, folder, record, data, run } = await attack(sends)
  assert.is(answers[0], 'taken')
  assert.match(
    answers[1] as string,
    /^not-allowed: 1-default\/sample1 of b in \S+: beyond receive_limits\.bytes = 50331648 /
  )
  assert.ok(existsSync(join(folder, TOOLS, 'one')))
  assert.not.ok(existsSync(join(folder, TOOLS, 'two')))
  assert.match(
    reasons(data).join(),
    `1-default/sample1 on b: 1-default/sample1 of b in ${run}: beyond receive_limits.bytes`
  )
  assert.is(record.partial, true)
})

test('files and folders of all tarballs are counted, and tarballs of one kind and sample', async () => {
  const small = (name: string, files: number) => ({
    folder: TOOLS,
    content: new Uint8Array(
      zstdCompressSync(crafted(Array.from({ length: files }, (_, i) => ({ path: `${TOOLS}/${name}${i}`, body: name }))))
    )
  })
  const files = await attack([small('a', 30), small('b', 30)])
  assert.is(files.answers[0], 'taken')
  assert.match(files.answers[1] as string, /beyond receive_limits\.files = 40 for a member and run; it has used 30/)
  const many = await attack([small('a', 1), small('b', 1), small('c', 1), small('d', 1)])
  assert.equal(many.answers.slice(0, 3), ['taken', 'taken', 'taken'])
  assert.match(many.answers[3] as string, /not-allowed: .*3 tarballs of this kind came already/)
})

test('folders that the manifest does not have are refused by name, whatever member they end in', async () => {
  const places: Array<[folder: string, more?: Partial<Sent>]> = [
    ['999-evil/sample77/tools-zzz/b'],
    ['1-default/sample2/tools-default/b'],
    ['1-default/sample1/tools-zzz/b'],
    ['1-default/sample1/tools-../b'],
    ['1-..x/sample1/tools-default/b'],
    ['1-default/sample1/workload/b'],
    ['sysinfo/begin/b', { kind: 'sysinfo', what: 'sysinfo begin' }],
    [TOOLS, { what: 'something else' }],
    [TOOLS, { allow: [] }]
  ]
  const sends = places.map(([folder, more]) => ({ folder, content: bomb(folder, 1), ...more }))
  const { answers, folder, record, data } = await attack(sends)
  for (const [i, answer] of answers.entries()) assert.match(answer, /^not-allowed: /, places[i]?.[0])
  assert.match(answers[0] as string, '999-evil/sample77/tools-zzz/b')
  assert.equal(
    readdirSync(folder).filter(name => /^\d/.test(name)),
    ['1-default']
  )
  assert.equal(record.sent.map(({ name, what }) => `${name} ${what}`).sort(), [
    'a 1-default/sample1',
    'b 1-default/sample1'
  ])
  assert.ok(data.length >= 8 && data.every(({ member }) => member === 'b'))
  assert.equal(record.excluded, [], 'its own data is here all the same')
})

test('a member over its budget keeps its data, is told so, and the run names it', async () => {
  const command = ['sh', '-c', `head -c ${50 * MIB} /dev/urandom >blob; echo there; exec sleep 1000`]
  const spec = { tool: { large: { command } }, groups: [{ name: 'big', on: 'b', tools: ['large'] }], tools: [] }
  const { record, data, ended, run } = await attack([], spec)
  assert.match(reasons(data).join(), /^1-default\/sample1 on b: .*beyond receive_limits.bytes = 50331648 /)
  assert.equal(
    record.excluded.map(({ name, phase, code }) => [name, phase, code]),
    [['b', 'send', 'not-allowed']]
  )
  assert.ok(ended.shortfalls.length > 0)
  const keeps = () =>
    inside
      .daemon('b')
      .parts.agent.orphans()
      .some(each => each.run === run)
  await until(keeps, { what: 'b has its data still' })
})

test.run()
