import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { formatDot, onlyReporter, quote } from '../../cli/dot.ts'
import { cleanLine } from '../../cli/output.ts'
import type { TopologyLink } from '../../protocols/control.ts'

const test = suite('the mesh as a graph')

/** Splits a text of the language dot into its words, as graphviz does; texts between quotes come without them. */
function wordsOf(text: string): string[] {
  const words: string[] = []
  const rest = text.replace(/\s*("(?:[^"\\]|\\.)*"|--|[A-Za-z_][A-Za-z_0-9]*|[[\]{}=,;])\s*/gy, (_, word: string) => {
    words.push(word.startsWith('"') ? word.slice(1, -1).replaceAll('\\"', '"') : word)
    return ''
  })
  assert.is(rest, '', 'all of it are words of the language')
  return words
}

/** What graphviz shows for a label: escapes and entities are read, lines are split. */
const shown = (label: string) =>
  label
    .replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped === '\\' ? '\\' : `{${escaped}}`))
    .replaceAll('&amp;', '&')

const cases: Array<[text: string, quoted: string]> = [
  ['db-1', '"db-1"'],
  ['same#a1b2c3', '"same#a1b2c3"'],
  ['', '""'],
  ['say "hi"', '"say \\"hi\\""'],
  ['back\\slash\\', '"back\\\\slash\\\\"'],
  ['\\N is no escape', '"\\\\N is no escape"'],
  ['a&lt;b', '"a&amp;lt;b"'],
  ['two\nlines', '"two lines"'],
  ['graph', '"graph"']
]
for (const [text, quoted] of cases)
  test(`${JSON.stringify(text)} is written ${quoted}`, () => assert.is(quote(text), quoted))

test('any name of a peer is one string of DOT that graphviz prints unchanged', () => {
  const piece = fc.constantFrom('"', '\\', '&', '\n', ';', ']', '--', 'a', '&amp;', '\\n', '\\"', '\u2028')
  const any = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 12 }).map(all => all.join(''))
  )
  fc.assert(
    fc.property(fc.array(any, { minLength: 1, maxLength: 3 }), lines => {
      const [word, ...more] = wordsOf(quote(...lines))
      assert.equal(more, [])
      assert.is(shown(word as string), lines.map(cleanLine).join('\n'))
    }),
    { numRuns: 2_000 }
  )
})

const named = (name: string) => ({ peer: `id-${name}`, name })
const said = (by: string) => ({ by: `id-${by}`, class: 'direct' as const, gossip: false })
const link = (a: string, b: string, more: Partial<TopologyLink> = {}): TopologyLink => ({
  ...{ a: named(a), b: named(b), class: 'direct', gossip: false, opened: false, said: [said(a), said(b)] },
  ...more
})

const looks: Array<[title: string, link: TopologyLink, attributes: string]> = [
  ['a plain one', link('a', 'b'), 'label="direct"'],
  ['one that gossip goes over', link('a', 'b', { gossip: true }), 'label="direct", style="bold"'],
  [
    'a relayed one',
    link('a', 'b', { class: 'relayed', via: named('r"1') }),
    'label="relayed via r\\"1", style="dashed"'
  ],
  [
    'a relayed one with gossip',
    link('a', 'b', { class: 'relayed', via: named('r'), gossip: true }),
    'label="relayed via r", style="dashed,bold"'
  ],
  [
    'one that only the first tells of',
    link('a', 'b', { said: [said('a')] }),
    'label="direct\\nreported only by a", color=gray'
  ],
  [
    'one that only the second tells of',
    link('a', 'b', { said: [said('b')] }),
    'label="direct\\nreported only by b", color=gray'
  ],
  ['one that the call opened', link('a', 'b', { opened: true }), 'label="direct\\nopened by this call"']
]
for (const [title, each, attributes] of looks) {
  test(`${title} has ${attributes}`, () => {
    const text = formatDot({ self: 'id-a', members: [named('a'), named('b')], links: [each] })
    assert.is(text.split('\n')[4], `  "a" -- "b" [${attributes}];`)
  })
}

test('the graph has every member, with connections or without, and each pair once', () => {
  const members = [named('a'), { ...named('b "2"'), error: 'gone' }, named('c')]
  const text = formatDot({ self: 'id-a', members, links: [link('a', 'b "2"', { gossip: true })] })
  const words = wordsOf(text)
  assert.equal(words.slice(0, 3), ['graph', 'bak', '{'])
  assert.is(words.at(-1), '}')
  assert.equal(words.slice(words.indexOf('a')), [
    ...['a', '[', 'label', '=', 'a', ']', ';'],
    ...['b "2"', '[', 'label', '=', 'b "2"\\nno answer', ',', 'style', '=', 'dashed', ']', ';'],
    ...['c', '[', 'label', '=', 'c', ']', ';'],
    ...['a', '--', 'b "2"', '[', 'label', '=', 'direct', ',', 'style', '=', 'bold', ']', ';', '}']
  ])
})

test('two peers with the same name are two nodes', () => {
  const members = [named('a'), named('b'), { peer: 'id-other', name: 'b' }]
  const lines = formatDot({ self: 'id-a', members, links: [link('a', 'b')] }).split('\n')
  assert.equal(lines.slice(2, 6), [
    '  "a" [label="a"];',
    '  "id-b" [label="b"];',
    '  "id-other" [label="b"];',
    '  "a" -- "id-b" [label="direct"];'
  ])
})

test('the only reporter of a connection is named', () => {
  assert.is(onlyReporter(link('a', 'b')), undefined)
  assert.is(onlyReporter(link('a', 'b', { said: [said('b')] })), 'b')
})

test.run()
