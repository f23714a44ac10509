/** `bak tools attach` and `bak tools detach`: what they ask, and what they print. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { describe } from '../../cli/views/plain.ts'
import type { CallResponse } from '../../protocols/control.ts'
import { AT, RUN, useFakes } from './fake.ts'

const bak = suite('bak tools attach and detach')
const fake = useFakes(bak)

const answering = (answer: Partial<CallResponse<'change-tools'>>) => {
  const asked: unknown[] = []
  const handlers = {
    async *'change-tools'(request: unknown) {
      asked.push(request)
      yield { run: RUN, members: ['a', 'b'], refused: [], ...answer }
    }
  }
  return { asked, handlers }
}

bak('asks with all that was said, and prints on whom it holds', async () => {
  const { asked, handlers } = answering({})
  const { bak } = await fake(handlers)
  const attached = await bak('tools', 'attach', 'last', 'vmstat', '--on', 'role=db', '--group', 'db', '--', '-a')
  assert.equal([attached.status, attached.stderr], [0, ''])
  assert.is(attached.stdout, `vmstat: attached to a, b, from the next sample of ${RUN} on\n`)
  const detached = await bak('tools', 'detach', RUN, 'vmstat')
  assert.is(detached.stdout, `vmstat: detached from a, b, from the next sample of ${RUN} on\n`)
  assert.equal(asked, [
    { run: 'last', tool: 'vmstat', change: 'attach', on: 'role=db', group: 'db', options: ['-a'] },
    { run: RUN, tool: 'vmstat', change: 'detach', on: 'all', group: 'default', options: [] }
  ])
})

bak('names those on whom it does not hold, with exit status 2', async () => {
  const refused = [{ member: 'c', reason: 'sar: allow.tools does not name sar' }]
  const { bak } = await fake(answering({ refused }).handlers)
  const { status, stdout } = await bak('tools', 'attach', 'last', 'sar')
  assert.is(status, 2)
  assert.is(stdout.split('\n')[1], 'not c: sar: allow.tools does not name sar')
  const json = await bak('tools', 'attach', 'last', 'sar', '--json')
  assert.equal([json.status, JSON.parse(json.stdout)], [2, { run: RUN, members: ['a', 'b'], refused }])
})

bak('wants a run and a tool', async () => {
  const { bak } = await fake(answering({}).handlers)
  for (const words of [['attach'], ['attach', 'last'], ['detach', 'last']]) {
    const { status, stderr } = await bak('tools', ...words)
    assert.is(status, 64, stderr)
    assert.match(stderr, /missing/)
  }
})

bak('is a line for who follows the run', () => {
  const change = { change: 'attach' as const, tool: 'sar', group: 'db', by: 'ops', members: ['a', 'b'] }
  const refused = [{ member: 'c', reason: 'it runs there already' }]
  const [line] = describe(RUN, { type: 'tools-changed', n: 1, at: AT, ...change, refused })
  assert.match(
    line ?? '',
    / tools=sar of group db attached to a, b by ops, from the next sample on; not c: it runs there already$/
  )
})

bak.run()
