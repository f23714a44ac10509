/** The operations of a spec, with a name and in tasks: what they bring to a member and where it is staged. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { anchoredIn } from '../../../cli/staged-paths.ts'
import { broughtByOperations } from '../../../node/work/tasks/brought-operations.ts'
import { check, type Schema } from '../../../protocols/codec.ts'
import { type Spec, spec } from '../../../protocols/spec.ts'
import { isStaging, stagePathsOf } from '../../../protocols/stage-paths.ts'
import { collidingEntries } from '../../../protocols/staged.ts'
import { operationsOf } from '../../../protocols/tasks/operations-of.ts'

const operations = suite('what operations need')

const specOf = (keys: Record<string, unknown>): Spec => check(spec as Schema<Spec>, { tools: [], ...keys })
const http = { type: 'http', url: 'http://a' }
const module = (path: string) => ({ type: 'module', module: path })

operations('all operations are those with a name, and those in tasks', () => {
  const both = specOf({
    operation: [{ name: 'search', ...http }],
    task: [
      { operation: 'search' },
      { name: 'mine', operation: { type: 'command', command: ['true'] } },
      { operation: module('a.mjs') }
    ]
  })
  assert.equal(
    operationsOf(both).map(({ called, operation }) => [called, operation.type]),
    [
      ['search', 'http'],
      ['mine', 'command'],
      ['module', 'module']
    ]
  )
})

operations('modules and bodies are staged to the members that load, each once', () => {
  const staged = specOf({
    operation: [
      { name: 'a', ...module('lib/load.mjs') },
      { name: 'b', ...module('lib/load.mjs'), function: 'other' },
      { name: 'c', ...http, method: 'POST', body_file: '../big.json' }
    ],
    task: [{ operation: 'a' }, { operation: 'b' }, { operation: 'c' }, { operation: module('more.mjs') }]
  })
  assert.equal(stagePathsOf(staged), [
    { from: 'lib/load.mjs', path: 'lib/load.mjs', for: 'load' },
    { from: '../big.json', path: 'big.json', for: 'load' },
    { from: 'more.mjs', path: 'more.mjs', for: 'load' }
  ])
  assert.is(isStaging(specOf({ task: [{ operation: http }] })), false)
})

for (const [stage, file, isOwn] of [
  ['lib', 'lib/load.mjs', false],
  ['lib/', 'lib/load.mjs', false],
  ['lib/load.mjs', 'lib/load.mjs', false],
  ['/home/me/./lib', '/home/me/./lib/load.mjs', false],
  ['/home/me/lib/./.', '/home/me/./lib/load.mjs', true],
  ['/home/me/lib/./.', '/home/me/lib/./load.mjs', false],
  ['lib', 'lib2/load.mjs', true],
  ['library', 'lib', true]
] as const) {
  operations(
    `of stage = ["${stage}"] and module = "${file}" the module is ${isOwn ? '' : 'not '}staged for itself`,
    () => {
      const staged = stagePathsOf(specOf({ stage: [stage], task: [{ operation: module(file) }] }))
      assert.is(staged.length, isOwn ? 2 : 1)
      assert.is(collidingEntries(staged), undefined)
    }
  )
}

operations('two modules that would be put in one place are found', () => {
  const staged = stagePathsOf(
    specOf({ task: [{ operation: module('../load.mjs') }, { operation: module('load.mjs') }] })
  )
  assert.is(collidingEntries(staged), 'load.mjs')
})

operations('paths of a run file mean the same from anywhere', () => {
  const keys = anchoredIn(
    {
      operation: [
        { name: 'a', ...module('lib/load.mjs') },
        { name: 'b', ...http, body_file: '../x.json' }
      ],
      task: [{ operation: 'a' }, { operation: module('/opt/load.mjs') }, { operation: module('own.mjs') }]
    },
    '/home/me'
  )
  assert.equal(
    stagePathsOf(specOf(keys)).map(({ from, path }) => [from, path]),
    [
      ['/home/me/./lib/load.mjs', 'lib/load.mjs'],
      ['/home/x.json', 'x.json'],
      ['/opt/load.mjs', 'load.mjs'],
      ['/home/me/./own.mjs', 'own.mjs']
    ]
  )
})

operations(
  'the owner of a machine hears of commands and of modules, and of nothing where only requests are sent',
  () => {
    assert.is(broughtByOperations(specOf({ task: [{ operation: http }] })), undefined)
    const brought = broughtByOperations(
      specOf({
        operation: [{ name: 'a', type: 'command', command: ['ls', '-l'] }],
        task: [
          { operation: 'a' },
          { name: 'b', operation: { type: 'command', command: 'ls | wc' } },
          { name: 'c', operation: { type: 'command', command: ['ls', '-l'] } },
          { name: 'd', operation: module('/home/me/./lib/load.mjs') }
        ]
      })
    )
    assert.equal(brought, {
      name: 'load',
      commands: [['ls', '-l'], ['/bin/sh', '-c', 'ls | wc'], ['./lib/load.mjs']],
      env: {},
      isStaged: true
    })
  }
)

operations.run()
