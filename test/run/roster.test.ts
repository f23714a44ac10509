import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Candidacy, candidatesOf, checkTools, freeze } from '../../node/run/roster.ts'
import type { BakError } from '../../protocols/errors.ts'
import type { Capabilities } from '../../protocols/manifest.ts'
import { expandTools } from '../../protocols/spec.ts'
import { specOf } from '../protocols/samples.ts'

const peer = (shown: string, more: Partial<Candidacy> = {}): Candidacy => ({
  peer: `id-of-${shown}`,
  name: shown,
  shown,
  labels: {},
  registered: [],
  ...more
})
const registered = (group: string, tool: string, options: string[] = []) => ({ group, tool, options })
/** `group/tool` of each assignment. */
const toolsOf = (spec: object, member: Candidacy) =>
  candidatesOf(specOf(spec), [member])[0]?.tools.map(({ group, tool }) => `${group}/${tool}`)

const candidates = suite('who is asked to join')

candidates('those whom the selector names, in order of names', () => {
  const members = ['web', 'db2', 'db10', 'db1'].map(name => peer(name))
  assert.equal(
    candidatesOf(specOf({ on: 'db*' }), members).map(each => each.name),
    ['db1', 'db10', 'db2']
  )
  assert.equal(candidatesOf(specOf({ on: 'nobody' }), members), [])
})

candidates('the order of the members makes no difference, and the list of them stays as it was', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/), { maxLength: 20 })
  fc.assert(
    fc.property(
      names.chain(all => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
      ([all, shuffled]) => {
        const members = shuffled.map(name => peer(name))
        const found = candidatesOf(specOf(), members)
        assert.equal(
          found.map(each => each.name),
          [...all].sort()
        )
        assert.equal(
          members.map(each => each.shown),
          shuffled
        )
      }
    )
  )
})

const tools: Array<[title: string, spec: object, member: Candidacy, tools: string[]]> = [
  ['proc where nothing was asked for and nothing is registered', {}, peer('a'), ['default/proc']],
  [
    'what is registered, where nothing was asked for',
    {},
    peer('a', { registered: [registered('default', 'sar')] }),
    ['default/sar']
  ],
  [
    'what was asked for, whatever is registered',
    { tools: ['vmstat'] },
    peer('a', { registered: [registered('default', 'sar')] }),
    ['default/vmstat']
  ],
  ['nothing, where nothing was asked for by an empty list', { tools: [] }, peer('a'), []],
  ['a set of tools by name', { tools: ['medium'] }, peer('a'), expandTools(['medium']).map(tool => `default/${tool}`)],
  [
    'each tool once, though two sets have it',
    { tools: ['light', 'medium', 'vmstat'] },
    peer('a'),
    ['default/vmstat', 'default/iostat', 'default/sar']
  ],
  ['nothing of the set none', { tools: ['none'] }, peer('a'), []],
  [
    'the tools of its groups, and no proc beside them',
    { groups: [{ name: 'db', on: 'a', tools: ['iostat'] }] },
    peer('a'),
    ['db/iostat']
  ],
  [
    'nothing where only groups were asked for and it is in none',
    { groups: [{ name: 'db', on: 'b', tools: ['iostat'] }] },
    peer('a'),
    []
  ],
  [
    'the same tool once in each group',
    {
      tools: ['sar'],
      groups: [
        { name: 'x', tools: ['sar', 'sar'] },
        { name: 'y', tools: ['sar'] }
      ]
    },
    peer('a'),
    ['default/sar', 'x/sar', 'y/sar']
  ],
  [
    'what is registered for the group that was asked for, and no proc beside it',
    { group: 'net' },
    peer('a', { registered: [registered('default', 'sar'), registered('net', 'iostat')] }),
    ['net/iostat']
  ],
  [
    'what was asked for, and what is registered for the group that was asked for',
    { group: 'net', tools: ['vmstat'] },
    peer('a', { registered: [registered('net', 'iostat')] }),
    ['default/vmstat', 'net/iostat']
  ],
  ['nothing, where nothing is registered for that group on it', { group: 'net' }, peer('a'), []],
  [
    'nothing that is registered in a run with groups of its own',
    { groups: [{ name: 'db', on: 'a', tools: ['iostat'] }] },
    peer('a', { registered: [registered('default', 'sar')] }),
    ['db/iostat']
  ],
  [
    'what is registered for a group beside those of the run, where it was asked for',
    { group: 'net', groups: [{ name: 'db', on: 'a', tools: ['iostat'] }] },
    peer('a', { registered: [registered('net', 'sar')] }),
    ['net/sar', 'db/iostat']
  ],
  [
    'what is registered for each of several groups that were asked for, in folders of their own',
    { group: ['net', 'db'] },
    peer('a', { registered: [registered('db', 'sar'), registered('default', 'proc'), registered('net', 'sar')] }),
    ['net/sar', 'db/sar']
  ],
  [
    'only those registered for the group default',
    {},
    peer('a', { registered: [registered('default', 'sar'), registered('other', 'iostat')] }),
    ['default/sar']
  ]
]
for (const [title, spec, member, expected] of tools) {
  candidates(`a member runs ${title}`, () => assert.equal(toolsOf(spec, member), expected))
}

candidates('a tool gets the options of the spec, and its registration adds words of its own', () => {
  const tool = { sar: { interval: 1, options: ['-A'] }, vmstat: { interval: 2 } }
  const members = [peer('a', { registered: [registered('default', 'sar', ['-B']), registered('default', 'vmstat')] })]
  assert.equal(candidatesOf(specOf({ tool }), members)[0]?.tools, [
    { group: 'default', tool: 'sar', options: { interval: 1, options: ['-B'] } },
    { group: 'default', tool: 'vmstat', options: { interval: 2 } }
  ])
  assert.equal(candidatesOf(specOf({ tool, tools: ['sar'] }), members)[0]?.tools, [
    { group: 'default', tool: 'sar', options: { interval: 1, options: ['-A'] } }
  ])
})

candidates('what was registered beside words is less than a key of the spec, and a label comes along', () => {
  const each = { ...registered('default', 'sar'), interval: 5, label: 'client' }
  const members = [peer('a', { registered: [each] })]
  const tools = (tool: object) => candidatesOf(specOf({ tool }), members)[0]?.tools
  assert.equal(tools({}), [{ group: 'default', tool: 'sar', options: { interval: 5 }, label: 'client' }])
  assert.equal(tools({ sar: { interval: 1 } })?.[0]?.options, { interval: 1 })
})

candidates('a member gets the options that a selector gives it, and keeps those by rank until it has one', () => {
  const override = [
    { on: 'role=db', interval: 1 },
    { rank: '0', interval: 9 }
  ]
  const tool = { sar: { interval: 3, override } }
  const members = [
    peer('a', { labels: { role: 'db' } }),
    peer('b', { registered: [{ ...registered('g', 'sar'), interval: 7 }] })
  ]
  const intervals = (spec: object) =>
    candidatesOf(specOf({ tool, ...spec }), members).map(({ tools }) =>
      tools.map(({ options }) => [options.interval, options.override?.length])
    )
  assert.equal(intervals({ tools: ['sar'] }), [[[1, 1]], [[3, 1]]])
  assert.equal(intervals({ group: 'g', tools: [] }), [[], [[3, 1]]])
})

candidates('a registered command is a tool of its own', () => {
  const dump = { ...registered('default', 'dump', ['-v']), command: ['tcpdump', '-i', 'eth0'] }
  assert.equal(candidatesOf(specOf(), [peer('a', { registered: [dump] })])[0]?.tools, [
    { group: 'default', tool: 'dump', options: { command: ['tcpdump', '-i', 'eth0'], options: ['-v'] } }
  ])
})

candidates('a selector of a group that means nothing is refused', () => {
  assert.throws(() => candidatesOf(specOf({ groups: [{ name: 'x', on: 'a b', tools: [] }] }), []), /neither all/)
})
candidates.run()

const frozen = suite('the frozen roster')
const capabilities: Capabilities = { program: '1', os: 'linux', cores: 1, clock: { offset: 0, bound: 0 }, tools: [] }
frozen('has those who joined, ranked without a gap in order of names', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/), { maxLength: 20 })
  fc.assert(
    fc.property(names, fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }), (all, joins) => {
      const asked = candidatesOf(
        specOf(),
        all.map(name => peer(name))
      )
      const joined = new Map(
        asked.filter((_, i) => joins[i]).map(each => [each.peer, { ...capabilities, cores: each.name.length }])
      )
      const roster = freeze(asked, joined)
      assert.equal(
        roster.map(each => each.rank),
        [...roster.keys()]
      )
      assert.equal(
        roster.map(each => each.name),
        [...roster].map(each => each.name).sort()
      )
      assert.equal(new Set(roster.map(each => each.peer)), new Set(joined.keys()))
      for (const entry of roster) assert.is(entry.capabilities.cores, entry.name.length)
    })
  )
})
frozen('does not have who answered without being asked', () => {
  assert.equal(freeze(candidatesOf(specOf(), [peer('a')]), new Map([['id-of-b', capabilities]])), [])
})
frozen.run()

const options = suite('options of tools')
const wrong: Array<[title: string, spec: object]> = [
  ['a tool that is not asked for', { tools: ['sar'], tool: { iostat: { interval: 1 } } }],
  [
    'a tool, somewhere only, that it does not have',
    { tools: ['proc'], tool: { proc: { override: [{ rank: '1', colour: 'red' }] } } }
  ],
  ['a tool that is not in the set asked for', { tools: ['light'], tool: { iostat: { interval: 1 } } }],
  ['a tool that has no such option', { tools: ['sar'], tool: { sar: { patern: 'x' } } }],
  ['a command', { tools: ['own'], tool: { own: { command: ['x'], patern: 'x' } } }],
  ['a tool that takes no words', { tools: ['proc'], tool: { proc: { options: ['-a'] } } }]
]
for (const [title, spec] of wrong) {
  options(`those of ${title} are a mistake in the run file`, () => {
    assert.throws(
      () => checkTools(specOf(spec), []),
      (error: unknown) => (error as BakError).code === 'bad-run-file'
    )
  })
}
const right: Array<[title: string, spec: object]> = [
  ['a tool that is asked for', { tools: ['sar'], tool: { sar: { interval: 1 } } }],
  ['a tool of a set', { tools: ['medium'], tool: { iostat: { interval: 1 } } }],
  ['a tool of a group', { tools: [], groups: [{ name: 'x', tools: ['sar'] }], tool: { sar: { interval: 1 } } }],
  ['a tool with other ones somewhere', { tools: ['sar'], tool: { sar: { override: [{ on: 'b', interval: 1 }] } } }],
  ['a tool that may be registered', { tool: { iostat: { interval: 1 } } }],
  ['a tool that only members know', { tool: { queue: { patern: 'x' } } }]
]
for (const [title, spec] of right) options(`those of ${title} are in order`, () => checkTools(specOf(spec), []))
options.run()

const known = suite('tools and groups that were asked for')
const mesh = [{ registered: [registered('net', 'sar')], tools: [{ tool: 'sitetool', usable: false }] }]
const unknown: Array<[spec: object, message: RegExp]> = [
  [{ tools: ['nosuch'] }, /^nosuch: no peer knows this tool; known are proc, /],
  [{ tools: ['procc'] }, /^procc: no peer knows this tool; did you mean proc\?/],
  [{ tools: ['constructor'] }, /^constructor: no peer knows this tool/],
  [{ tools: ['toString'] }, /^toString: no peer knows/],
  [{ groups: [{ name: 'x', tools: ['nosuch'] }] }, /^nosuch: no peer knows this tool/],
  [{ tool: { own: { options: ['-a'] } }, tools: ['own'] }, /^own: no peer knows this tool/],
  [{ group: ['net', 'nett'] }, /^group nett: no peer/],
  [{ group: 'nett' }, /^group nett: no peer has tools registered for it; there are net: /]
]
for (const [spec, message] of unknown) {
  known(`that nobody knows are refused: ${JSON.stringify(spec)}`, () => {
    assert.throws(
      () => checkTools({ ...specOf(), ...specOf(spec) }, mesh),
      (error: unknown) => (error as BakError).code === 'usage' && message.test((error as Error).message)
    )
  })
}
for (const spec of [
  { tools: ['sitetool'] },
  { tools: ['heavy'] },
  { group: 'net' },
  { tools: ['own'], tool: { own: { command: ['x'] } } }
]) {
  known(`that somebody knows are in order: ${JSON.stringify(spec)}`, () => checkTools(specOf(spec), mesh))
}
known.run()
