import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import type { BakError } from '../../protocols/errors.ts'
import { ORDERS } from '../../protocols/matrix/sampling.ts'
import { checkSpec, readRunFile, writeRunFile } from '../../protocols/run-file.ts'
import { spec } from '../../protocols/spec.ts'

const failure = (act: () => unknown): BakError => {
  try {
    act()
  } catch (error) {
    return error as BakError
  }
  throw new Error('nothing was thrown')
}

const errors: [string, string, ...string[]][] = [
  ['an unknown key with a near one', 'smaples = 3', 'f:1: smaples: is not a known key; did you mean samples?'],
  ['an unknown key in a table', '[policy]\n\nqurum = 3', 'f:3: policy.qurum: is not a known key; did you mean quorum?'],
  [
    'an unknown key with no near one',
    '[[iterations]]\nname = "a"\nzzzzzzzz = 1',
    'f:3: iterations.0.zzzzzzzz: is not a known key; there are name, args, params'
  ],
  [
    'every unknown key, not only the first',
    'smaple = 1\n[policy]\nleese = 1\nqurum = 1',
    'f:1: smaple: is not a known key; did you mean samples?',
    'f:3: policy.leese: is not a known key; did you mean lease?',
    'f:4: policy.qurum: is not a known key; did you mean quorum?'
  ],
  ['another kind', '# head\non = 3', 'f:2: on: expected a string, got 3'],
  ['a table where a list is due', 'tools = { a = 1 }', 'f:1: tools: expected a list, got a table'],
  [
    'a list where a table is due',
    '[[policy]]\nquorum = 1',
    'f:1: policy: expected a table, got a list: it begins with [policy]'
  ],
  ['a fraction', 'samples = 1.5', 'f:1: samples: expected a whole number, got 1.5'],
  ['a number out of bounds', '[policy]\ntransfers = 65', 'f:2: policy.transfers: expected <= 64, got 65'],
  ['an empty list', 'command = []', 'f:1: command: a command needs at least one word'],
  [
    'a command of too many words',
    `command = [${'"x",'.repeat(4_097)}]`,
    'f:1: command: has a length of 4097; 4096 is the most'
  ],
  ['an empty text', 'on = ""', 'f:1: on: is empty'],
  [
    'a command of another kind',
    'command = 3',
    'f:1: command: command must be a list of words or one string for the shell'
  ],
  [
    'a quorum',
    'name = "x"\npolicy.quorum = "al"',
    'f:2: policy.quorum: a quorum is all, majority, a number of members or a percentage such as 80%'
  ],
  [
    'a choice',
    '[tool.x]\nstop_signal = "KILL"',
    'f:2: tool.x.stop_signal: expected "INT", "TERM", "QUIT" or "HUP", got "KILL"'
  ],
  [
    'an option of a tool that is no value',
    '[tool.x]\na = [1]\nb = { c = 1 }',
    'f:2: tool.x.a: expected a string, a number, true or false',
    'f:3: tool.x.b: expected a string, a number, true or false'
  ],
  [
    'an option of a tool with a name that none can have',
    '[tool.x]\nconstructor = 1\nc = 1',
    'f:2: tool.x.constructor: constructor cannot be the name of an option'
  ],
  [
    'an option of a tool with odd letters',
    '[tool.x]\n"a b" = 1',
    'f:1: tool.x: the name of an option has letters, digits and . _ - only'
  ],
  [
    'an element of a list',
    'tools = [\n  "a", # b\n\n  "c d"\n]',
    'f:4: tools.1: a name has letters, digits and . _ @ # - only, and starts with a letter or digit'
  ],
  [
    'a key that is missing, at its table',
    '[[groups]]\nname = "a"\ntools = []\n[[groups]]\ntools = []',
    'f:4: groups.1.name: is missing'
  ],
  [
    'an inline table',
    'x = { a = "}" }\ntags = { b = "#",\n c = 3 }',
    'f:1: x: is not a known key; there are',
    'f:3: tags.c: expected a string, got 3'
  ],
  [
    'a key after strings of many lines',
    'command = """\n[x]\n\\"""\n"""\nname = \'\'\'a\nb\'\'\'\non = 1',
    'f:5: name:',
    'f:7: on: expected a string, got 1'
  ],
  [
    'a table in a table of an array',
    '[[iterations]]\nname = "a"\n[iterations.params]\nb = 1',
    'f:4: iterations.0.params.b: expected a string, got 1'
  ],
  [
    'a workload, by its schema',
    '[[workload]]\nname = "c"\ncommand = ["x"]\ninstances = 65\n[workload.env]\nBAK_X = "1"',
    'f:4: workload.0.instances: expected <= 64, got 65',
    'f:6: workload.0.env.BAK_X: variables that begin with BAK_ are set by bak'
  ],
  [
    'keys of workloads that do not go together',
    'command = "x"\n[[workload]]\nname = "c"\ncommand = ["x"]\n[[workload]]\nname = "c"\ncommand = ["x"]\ngroup = "g"',
    'f:1: command: runs on the controller beside servers only',
    'f:6: workload.1.name: is the name of another workload',
    'f:8: workload.1.group: there is no group g: the run has no [[groups]]'
  ],
  [
    'two groups of one name',
    '[[groups]]\nname = "g"\non = "a"\n[[groups]]\nname = "g"\non = "b"',
    'f:5: groups.1.name: is the name of another group'
  ],
  [
    'an expression that is none',
    '[[workload]]\nname = "s"\nrole = "server"\ncommand = ["x"]\nready = { line = "(" }',
    'f:5: workload.0.ready.line: is not a regular expression of JavaScript'
  ],
  ['a quoted key', '[tags]\n"a.b" = 1', 'f:2: tags.a.b: expected a string, got 1']
]

for (const [what, text, ...expected] of errors) {
  test(`an error is named by file, line and key: ${what}`, () => {
    const error = failure(() => readRunFile(text, 'f'))
    assert.is(error.code, 'bad-run-file')
    const lines = error.message.split('\n')
    assert.is(lines.length, expected.length, error.message)
    for (const [i, start] of expected.entries()) assert.is(lines[i]?.slice(0, start.length), start)
  })
}

test('a text that is no TOML is refused with line and column', () => {
  const error = failure(() => readRunFile('on = "all"\nname = = 3', 'run.toml'))
  assert.is(error.code, 'bad-run-file')
  assert.match(error.message, /^run\.toml:2:8: /)
})

test('a string that is not closed is told as such', () => {
  for (const text of ['on = "all\nsamples = 2', 'samples = 2\nname = "x', "name = 'x\r\n"])
    assert.match(
      failure(() => readRunFile(text, 'run.toml')).message,
      /^run\.toml:\d:\d+: a string is not closed$/,
      text
    )
})

test('a run file may leave out the command', () => {
  assert.equal({ ...readRunFile('samples = 2', 'f') }, { samples: 2 })
})

const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._@#-]{0,12}$/)
const argument = fc.string({ unit: 'grapheme' })
const someSpec = fc.record(
  {
    command: fc.oneof(
      fc.array(argument, { minLength: 1 }),
      argument.filter(text => text.length > 0)
    ),
    name: word,
    tools: fc.array(word),
    samples: fc.integer({ min: 1, max: 1_000 }),
    order: fc.constantFrom(...ORDERS),
    seed: fc.nat(),
    warmup: fc.integer({ min: 0, max: 9 }),
    max_sample_failures: fc.integer({ min: 0, max: 9 }),
    max_stddev: fc.record({
      metric: word,
      percent: fc.double({ min: 0.1, max: 100, noNaN: true }),
      samples: fc.constant(1_000)
    }),
    interval: fc.double({ min: 0.1, max: 1e6, noNaN: true }),
    tags: fc.dictionary(word, argument),
    iterations: fc.array(fc.record({ name: word, args: fc.array(argument) }), { minLength: 1 }),
    tool: fc.dictionary(word, fc.record({ command: fc.array(argument, { minLength: 1 }) })),
    policy: fc.record({ quorum: fc.constantFrom('all', 3, '80%'), lease: fc.integer({ min: 1, max: 1000 }) })
  },
  { requiredKeys: ['command'] }
)

test('an effective spec that is written and read is equal', () => {
  fc.assert(
    fc.property(someSpec, input => {
      const effective = v.parse(spec, input)
      assert.equal(v.parse(spec, readRunFile(writeRunFile(effective), 'spec.toml')), effective)
    }),
    { numRuns: 50 }
  )
})

test('options of the command line are checked as a file is, and defaults are filled in', () => {
  assert.equal(checkSpec({ command: ['x'], samples: 2 }), v.parse(spec, { command: ['x'], samples: 2 }))
  assert.match(failure(() => checkSpec({ on: 'all' })).message, /a command is missing/)
  for (const quorum of ['0%', '0.0%', '101%', '100.1%', '-1%'])
    assert.match(failure(() => checkSpec({ command: ['x'], policy: { quorum } })).message, /a quorum is all/)
  const error = failure(() => checkSpec({ command: ['x'], samples: 0, policy: { quorum: 0 } }))
  assert.is(error.code, 'usage')
  assert.match(error.message, /^samples: expected >= 1, got 0\npolicy\.quorum: a quorum is/)
  const close = { metric: 'iops', percent: 5, samples: 4 }
  const together: Array<[object, RegExp]> = [
    [{ samples: 5, max_stddev: close }, /^max_stddev: samples is 5, and max_stddev ends after 4: raise its samples$/],
    [{ max_stddev: { ...close, samples: 1 } }, /^max_stddev\.samples: one sample has no deviation/],
    [{ max_stddev: { ...close, percent: 0 } }, /^max_stddev\.percent: expected a number above 0$/],
    [
      { samples: 10_000, params: { x: Array.from({ length: 11 }, (_, i) => i) } },
      /^samples: the run could have 110000 samples/
    ],
    [{ seed: -1 }, /^seed: expected >= 0, got -1$/]
  ]
  for (const [given, message] of together)
    assert.match(failure(() => checkSpec({ command: ['x'], ...given })).message, message)
})

test.run()
