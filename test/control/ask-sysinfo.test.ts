/** What a controller takes of members that it asks what their machines are. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sysinfo } from '../../node/control/ask-sysinfo.ts'
import type { Parts } from '../../node/parts.ts'
import { serve } from '../../protocols/stream.ts'
import { type SysinfoResponse, sysinfoProtocol } from '../../protocols/sysinfo/live.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'

const test = suite('sysinfo of members')
const sleepAgain = stayAwake()
test.after(sleepAgain)

const [self, member] = [newSigner().peer, newSigner().peer]

/** Asks one member for the items `os` and `cpu`. */
async function asked(answer: () => Generator<SysinfoResponse>) {
  const link = linkTo(
    serve(sysinfoProtocol, async function* () {
      yield* answer()
    }),
    self,
    { yamux: true }
  )
  const parts = {
    authority: { roleOf: () => 'controller' },
    identity: { peer: self },
    members: { list: () => [{ peer: member, name: 'b', shown: 'b', state: 'alive', labels: {} }] },
    streams: { to: () => link.open }
  }
  const answers = []
  const signal = AbortSignal.timeout(10_000)
  for await (const each of sysinfo(parts as unknown as Parts, { items: ['os', 'cpu'] }, { signal })) answers.push(each)
  return answers[0]
}

test('are the files that were asked for, and what is missing', async () => {
  const found = await asked(function* () {
    yield { type: 'file', file: 'os.json', text: '{}' }
    yield { type: 'missing', missing: [{ kind: 'sysinfo', what: 'cpu.json', reason: 'why' }] }
  })
  assert.equal(found?.files, [{ file: 'os.json', text: '{}' }])
  assert.is(found?.missing.length, 1)
  assert.is(found?.error, undefined)
})

for (const [title, each] of [
  ['the same file without end', { type: 'file', file: 'os.json', text: 'x'.repeat(100_000) }],
  ['a file that nobody asked for', { type: 'file', file: 'memory.json', text: '{}' }],
  ['what is missing without end', { type: 'missing', missing: [{ kind: 'sysinfo', what: 'cpu.json', reason: 'why' }] }]
] as Array<[string, SysinfoResponse]>) {
  test(`of one that answers ${title} are not taken, and it is named`, async () => {
    let given = 0
    const found = await asked(function* () {
      while (given++ < 100_000) yield each
    })
    assert.match(found?.error ?? '', /^b answers what was not asked for/)
    assert.ok(given < 1_000, `${given} answers`)
  })
}

test.run()
