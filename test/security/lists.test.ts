/** A member with changed code that signs a list of files which is not that of what it sends. */
import { zstdCompressSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { digestOf } from '../../protocols/digest.ts'
import { fileLine, sealFileList } from '../../protocols/file-list.ts'
import { sendTarball } from '../../protocols/tarball.ts'
import { verifyFolder } from '../../protocols/verify.ts'
import { Inside } from '../helpers/inside.ts'
import { crafted } from '../store/tars.ts'

const test = suite('lists of files that are false')
const TOOLS = '1-default/sample1/tools-default/b'
let inside: Inside
test.before(async () => {
  inside = await Inside.start({ a: {}, b: {} })
})
test.after(() => inside.stop())

const lineOf = (path: string, content: string) =>
  fileLine(path, { sha256: digestOf(Buffer.from(content)), bytes: content.length })

/** b sends files beside its own data, with a list of these lines, while the workload runs. @returns the answer, and the end */
async function attack(files: Record<string, string>, listOf: (run: string) => Uint8Array | undefined) {
  const { streams, identity } = inside.daemon('b').parts
  const a = inside.daemon('a').parts.identity.peer
  let sent: Promise<string> | undefined
  const send = async (run: string) => {
    const list = listOf(run)
    const entries = Object.entries(files).map(([path, body]) => ({ path, body }))
    const all = list == null ? entries : [...entries, { path: 'files.txt', body: Buffer.from(list).toString() }]
    const content = new Uint8Array(zstdCompressSync(crafted(all)))
    const what = '1-default/sample1'
    const offer = {
      run,
      what,
      kind: 'sample' as const,
      digest: digestOf(content),
      bytes: content.length,
      allow: [TOOLS]
    }
    const read = async (at: number, n: number) => content.subarray(at, at + n)
    const options = { signal: AbortSignal.timeout(30_000), to: a }
    return await sendTarball(streams.to(a), offer, { read }, options).then(
      () => 'taken',
      cause => `${cause.code}: ${cause.message}`
    )
  }
  const spec = { command: ['sleep', '3'], tools: ['proc'], policy: { quorum: 1 } }
  const ended = await inside.run('a', spec, (event, run) => {
    if (event.type === 'workload-started') sent = send(run)
  })
  const report = await verifyFolder(ended.folder, { by: a })
  return { ...ended, answer: await sent, report, signer: identity }
}

const signerOf = (name: string) => inside.daemon(name).parts.identity

test('a list that is not signed, or names files of others, is refused with its tarball', async () => {
  const content = { [`${TOOLS}/x`]: 'x' }
  const sealed = (run: string, lines: string) => sealFileList(run, Buffer.from(lines), signerOf('b')).sealed
  const rows: Array<[RegExp, (run: string) => Uint8Array]> = [
    [
      /is not as it was signed/,
      run =>
        Buffer.from(
          sealed(run, lineOf(`${TOOLS}/x`, 'x'))
            .toString()
            .replace('/x', '/y')
        )
    ],
    [
      /names 1-default\/sample1\/tools-default\/a\/x, which is in no folder of b/,
      run => sealed(run, lineOf('1-default/sample1/tools-default/a/x', 'x'))
    ],
    [/is of 12D3\w+ for/, run => sealFileList(run, Buffer.from(lineOf(`${TOOLS}/x`, 'x')), signerOf('a')).sealed]
  ]
  for (const [says, listOf] of rows) {
    const { answer, record, report } = await attack(content, listOf)
    assert.match(answer ?? '', says)
    assert.equal(report.faults, [])
    assert.is(record.verdict, 'ok')
  }
})

test('a list that is not of what came with it costs its member those files, and nobody the result', async () => {
  const files = { [`${TOOLS}/x`]: 'other', [`${TOOLS}/unlisted`]: '' }
  const lines = lineOf(`${TOOLS}/x`, 'x') + lineOf(`${TOOLS}/missing`, '')
  const { answer, record, report } = await attack(
    files,
    run => sealFileList(run, Buffer.from(lines), signerOf('b')).sealed
  )
  assert.is(answer, 'taken')
  assert.equal(report.faults, [])
  const named = [`${TOOLS}/missing`, `${TOOLS}/unlisted`, `${TOOLS}/x`]
  assert.equal(record.unreadable?.map(({ path }) => path).sort(), named)
  assert.equal(
    report.unproven
      .map(({ path }) => path)
      .filter(path => path.startsWith(TOOLS))
      .sort(),
    named
  )
  assert.equal([record.verdict, record.partial], ['ok', true])
})

test('a tarball without a list makes its member one that signs none, and no result false', async () => {
  const { answer, record, report } = await attack({ [`${TOOLS}/x`]: 'x' }, () => undefined)
  assert.is(answer, 'taken')
  assert.equal(report.faults, [])
  assert.equal([record.verdict, record.unreadable?.map(({ path }) => path)], ['ok', [`${TOOLS}/x`]])
})

test.run()
