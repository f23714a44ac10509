/** Parameters become iterations: products, sets, names, bounds. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { iterationName } from '../../../protocols/fields.ts'
import { expandParams, type ParamSet, type Params } from '../../../protocols/matrix/params.ts'
import { checkSpec, readRunFile } from '../../../protocols/run-file.ts'

const test = suite('parameters of a run')

const namesOf = (given: Params) => expandParams(given).iterations.map(({ name }) => name)
const caught = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('nothing was thrown')
}

test('lists of values are multiplied, the last parameter first', () => {
  const { iterations, errors } = expandParams({ bs: ['4k', '1m'], depth: [1, 8], direct: true })
  assert.equal(errors, [])
  assert.equal(iterations, [
    { name: 'bs=4k,depth=1', params: { bs: '4k', depth: '1', direct: 'true' } },
    { name: 'bs=4k,depth=8', params: { bs: '4k', depth: '8', direct: 'true' } },
    { name: 'bs=1m,depth=1', params: { bs: '1m', depth: '1', direct: 'true' } },
    { name: 'bs=1m,depth=8', params: { bs: '1m', depth: '8', direct: 'true' } }
  ])
})

const names: Array<[what: string, given: Params, names: string[]]> = [
  [
    'sets of single values are one combination each',
    [
      { rw: 'read', bs: '4k' },
      { rw: 'write', bs: '1m' }
    ],
    ['rw=read,bs=4k', 'rw=write,bs=1m']
  ],
  ['sets with lists are multiplied each for itself', [{ a: [1, 2] }, { b: [3, 4] }], ['a=1', 'a=2', 'b=3', 'b=4']],
  [
    'the same combination twice is one iteration',
    [
      { a: [1, 2], b: 1 },
      { b: 1, a: 2 }
    ],
    ['a=1', 'a=2']
  ],
  ['one combination is named by all', { a: 1, b: 'x' }, ['a=1,b=x']],
  ['no parameter at all', {}, ['default']],
  ['characters that no name has', { dev: ['/dev/sda', '/dev/sdb'] }, ['dev=-dev-sda', 'dev=-dev-sdb']],
  ['names that would be the same', { dev: ['a/b', 'a b', 'a-b'] }, ['dev=a-b', 'dev=a-b#2', 'dev=a-b#3']],
  [
    'names that are cut',
    { x: ['1', '2'].map(end => `${'y'.repeat(80)}${end}`) },
    [`x=${'y'.repeat(62)}`, `x=${'y'.repeat(60)}#2`]
  ],
  [
    'a parameter that is called like a property of every object',
    { constructor: [1, 2] } as never,
    ['constructor=1', 'constructor=2']
  ]
]
for (const [what, given, expected] of names) {
  test(`${what}: ${expected.length} ${expected.length === 1 ? 'iteration' : 'iterations'}`, () => {
    assert.equal(namesOf(given), expected)
  })
}

test('iterations beside parameters are multiplied with them, with their words and parameters', () => {
  const spec = checkSpec({
    command: ['x'],
    iterations: [{ name: 'small', args: ['-s'], params: { size: '1' } }, { name: 'big' }],
    params: { bs: [4, 8] }
  })
  assert.equal(spec.iterations, [
    { name: 'small,bs=4', args: ['-s'], params: { size: '1', bs: '4' } },
    { name: 'small,bs=8', args: ['-s'], params: { size: '1', bs: '8' } },
    { name: 'big,bs=4', args: [], params: { bs: '4' } },
    { name: 'big,bs=8', args: [], params: { bs: '8' } }
  ])
  assert.not.ok('params' in spec, 'the effective spec has the iterations only')
})

const wrong: Array<[string, object, RegExp]> = [
  [
    'a parameter that an iteration has, too',
    { iterations: [{ name: 'a', params: { bs: '1' } }], params: { bs: 2 } },
    /^params.bs: the iteration a has it, too/
  ],
  [
    'two that would be one variable',
    { params: { 'block-size': 1, block_size: 2 } },
    /block-size and block_size would both be BAK_PARAM_BLOCK_SIZE/
  ],
  [
    'too many iterations',
    { params: { a: Array(100).fill(1), b: Array(11).fill(1) } },
    /they make 1100 iterations, and 1000 are the most/
  ],
  [
    'a value that no variable can have',
    { params: { a: ['x', 'y\0'] } },
    /^iterations\.1\.params: a parameter has no NUL/
  ],
  [
    'such a value of an iteration',
    { iterations: [{ name: 'a', params: { a: '\0' } }] },
    /^iterations.0.params: a parameter has no NUL/
  ],
  [
    'very many iterations',
    { params: Object.fromEntries('abcdefghij'.split('').map(key => [key, Array(1000).fill(1)])) },
    /1e\+30 iterations|10{30} iterations/
  ]
]
for (const [what, given, message] of wrong) {
  test(`${what} is refused in words`, () => {
    assert.match(
      caught(() => checkSpec({ command: ['x'], ...given })),
      message
    )
  })
}

const files: Array<[string, string, RegExp]> = [
  [
    'a value that no variable can have',
    '[params]\na = ["x", "y\\u0000"]\n',
    /^f.toml:2: params\.a\.1: has a zero byte/
  ],
  ['a table as value', '[params]\nbs = { a = 1 }\n', /^f.toml:2: params.bs: expected a value, or a list of values/],
  ['an empty list', 'params = { bs = [] }\n', /^f.toml:1: params/],
  [
    'a number in the place of the table',
    'params = 3\n',
    /^f.toml:1: params: expected a table of parameters, or several: \[\[params\]\]/
  ]
]
for (const [what, text, message] of files) {
  test(`${what} is a mistake with its line`, () => {
    assert.match(
      caught(() => readRunFile(text, 'f.toml')),
      message
    )
  })
}

test('a file may have a table of parameters, or several', () => {
  const one = readRunFile('[params]\nbs = ["4k", "1m"]\ndepth = 8\n', 'f.toml')
  const two = readRunFile('[[params]]\nbs = "4k"\n[[params]]\nbs = "1m"\n', 'f.toml')
  const names = (file: object) => checkSpec({ ...file, command: ['x'] }).iterations.map(({ name }) => name)
  assert.equal(
    [names(one), names(two)],
    [
      ['bs=4k', 'bs=1m'],
      ['bs=4k', 'bs=1m']
    ]
  )
})

const anySet: fc.Arbitrary<ParamSet> = fc.dictionary(
  fc.stringMatching(/^[a-z]{1,3}$/),
  fc.oneof(
    fc.string({ maxLength: 90 }),
    fc.integer(),
    fc.array(fc.string({ maxLength: 90 }), { minLength: 1, maxLength: 4 })
  ),
  { maxKeys: 4 }
)

test('whatever the values are, names are good, unique and stand for each combination once', () => {
  fc.assert(
    fc.property(fc.array(anySet, { minLength: 1, maxLength: 3 }), sets => {
      const { iterations, errors } = expandParams(sets)
      assert.equal(errors, [])
      assert.is(new Set(iterations.map(({ name }) => name)).size, iterations.length)
      for (const { name } of iterations) assert.ok(v.is(iterationName, name), name)
      const combinations = new Set(
        iterations.map(({ params = {} }) => JSON.stringify(Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1))))
      )
      assert.is(combinations.size, iterations.length)
      for (const set of sets) {
        const distinct = Object.values(set).reduce<number>(
          (size, each) => size * new Set(Array.isArray(each) ? each.map(String) : [each]).size,
          1
        )
        assert.ok(iterations.length >= distinct, 'no combination of a set is lost')
      }
    })
  )
})

test.run()
