import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CallHandlers, CallResponse, TopologyLink } from '../../protocols/control.ts'
import { type Fake, PEER, startBak, startFake, yields } from './fake.ts'

const test = suite('bak topo')
const fakes: Fake[] = []
test.after.each(async () => {
  for (const each of fakes.splice(0)) await each.stop()
})

async function fake(handlers: Partial<CallHandlers>) {
  const started = await startFake(handlers)
  fakes.push(started)
  return started
}

const [a, b, c] = ['a', 'b', 'c'].map(name => ({ peer: PEER.slice(0, -1) + name, name })) as [Named, Named, Named]
type Named = { peer: string; name: string }
const said = ({ peer }: Named) => ({ by: peer, class: 'direct' as const, gossip: true })
const link = (one: Named, other: Named, more: Partial<TopologyLink> = {}): TopologyLink => ({
  ...{ a: one, b: other, class: 'direct', gossip: true, opened: false, said: [said(one), said(other)] },
  ...more
})
const answer: CallResponse<'topology'> = {
  self: a.peer,
  members: [
    { ...a, state: 'alive' },
    { ...b, state: 'busy' },
    { ...c, state: 'alive', error: 'no answer\u001b[2J within 10 s' }
  ],
  links: [link(a, b), link(b, c, { class: 'relayed', via: a, gossip: false, said: [said(b)] })]
}

const head = (table: string) =>
  table
    .trim()
    .split('\n')
    .map(row => row.split(/ {2,}/))
const warning = 'bak: c did not answer with its connections: no answer [2J within 10 s\n'

test('the connections of each peer are a table, and peers that did not answer are named on stderr', async () => {
  const { bak } = await fake({ topology: yields(answer) })
  const { status, stdout, stderr } = await bak('topo')
  assert.equal([status, stderr], [0, warning])
  assert.equal(head(stdout), [
    ['PEER', 'CONNECTIONS', 'DIRECT', 'REVERSED', 'MAPPED', 'PUNCHED', 'RELAYED', 'ONE-SIDED', 'GOSSIP WITH'],
    ['a', '1', '1', '-', '-', '-', '-', '-', 'b'],
    ['b', '2', '1', '-', '-', '-', '1', '1', 'a'],
    ['c', '1', '-', '-', '-', '-', '1', '1', '-']
  ])
})

test('the number of connections that the call opened is printed', async () => {
  const links = [link(a, b, { opened: true }), link(b, c)]
  const { bak } = await fake({ topology: yields({ ...answer, links }) })
  assert.match((await bak('topo')).stdout, /\n\n1 connection was opened by this call\n$/)
})

test('--json prints the answer, --dot a graph; they exclude each other', async () => {
  const { bak } = await fake({ topology: yields(answer) })
  const [json, dot, both] = await Promise.all([
    bak('topo', '--json'),
    bak('topo', '--dot'),
    bak('topo', '--dot', '--json')
  ])
  assert.equal([json.status, json.stderr], [0, warning])
  assert.equal(JSON.parse(json.stdout), answer)
  assert.equal([dot.status, dot.stderr], [0, warning])
  assert.is(
    dot.stdout,
    [
      'graph bak {',
      '  node [shape=box];',
      '  "a" [label="a"];',
      `  "b" [label="b"];`,
      `  "c" [label="c\\nno answer", style=dashed];`,
      `  "a" -- "b" [label="direct", style="bold"];`,
      `  "b" -- "c" [label="relayed via a\\nreported only by b", style="dashed", color=gray];`,
      '}\n'
    ].join('\n')
  )
  assert.equal([both.status, both.stdout], [64, ''])
})

test('without a daemon the exit status is 69', async () => {
  const { status, stderr } = await startBak(['--home', '/nonexistent/bak', 'topo']).ended
  assert.is(status, 69)
  assert.match(stderr, /^bak: /)
})

test.run()
