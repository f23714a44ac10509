import { Command } from 'commander'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { effectiveSpec } from '../../cli/effective-spec.ts'
import { addSpecFlags, type SpecFlags } from '../../cli/spec-flags.ts'
import type { RunFile } from '../../protocols/run-file.ts'
import { type SpecInput, spec } from '../../protocols/spec.ts'

const parse = (...words: string[]): SpecFlags => {
  const command = new Command('run').exitOverride().configureOutput({ writeErr: () => {} })
  addSpecFlags(command)
  return command.parse(words, { from: 'user' }).opts()
}

const cases: [string[], Partial<SpecInput>][] = [
  [[], {}],
  [['--on', 'role=db', '--name', 'x'], { on: 'role=db', name: 'x' }],
  [['--tools', 'sar,iostat', '--tools', 'perf'], { tools: ['sar', 'iostat', 'perf'] }],
  [['--tool', 'x=y -a=b'], { tools: ['proc', 'x'], tool: { x: { command: ['/bin/sh', '-c', 'y -a=b'] } } }],
  [['--quorum', '3'], { policy: { quorum: 3 } }],
  [
    ['--quorum', '80%', '--policy', 'transfers=2', '--lease', '9'],
    { policy: { quorum: '80%', transfers: 2, lease: 9 } }
  ],
  [['--policy', 'join-timeout=5', '--policy', 'quorum=all'], { policy: { join_timeout: 5, quorum: 'all' } }],
  [['--samples', '2', '--interval', '0.5', '--expect', '3'], { samples: 2, interval: 0.5, expect: 3 }],
  [
    ['--iteration', 'small --size 4k', '--iteration', 'big --note "two words"'],
    {
      iterations: [
        { name: 'small', args: ['--size', '4k'] },
        { name: 'big', args: ['--note', 'two words'] }
      ]
    }
  ],
  [
    ['--timeout', '1h', '--join-timeout', '90', '--interval', '2s'],
    { interval: 2, policy: { timeout: '1h', join_timeout: 90 } }
  ],
  [['--tag', 'a=b=c', '--tag', 'd='], { tags: { a: 'b=c', d: '' } }],
  [
    ['--order', 'random', '--seed', '7', '--warmup', '2', '--max-sample-failures', '0'],
    { order: 'random', seed: 7, warmup: 2, max_sample_failures: 0 }
  ],
  [['--results', 'fio,perf-stat'], { results: ['fio', 'perf-stat'] }],
  [['--results', 'none'], { results: 'none' }],
  [['--interleave'], { order: 'interleave' }],
  [['--max-stddev', 'iops=5'], { max_stddev: { metric: 'iops', percent: 5 } }],
  [['--max-stddev', 'p99=2.5%,20'], { max_stddev: { metric: 'p99', percent: 2.5, samples: 20 } }]
]

for (const [words, expected] of cases) {
  test(`flags give the spec that the same keys of a run file give: ${words.join(' ')}`, () => {
    const wanted = v.parse(spec, { command: ['x'], ...expected })
    assert.equal(effectiveSpec({}, parse(...words), ['x']), wanted)
    assert.equal(effectiveSpec({ command: ['x'], ...expected }, {}), wanted)
  })
}

test('flags of [load] win over the file, and their settings are for runs with tasks', () => {
  const operation = { type: 'command' as const, command: ['true'] }
  const file: RunFile = { task: [{ operation }], load: { on_error: 'abort', cores: 2 } }
  const of = (...words: string[]) => effectiveSpec(file, parse(...words)).load
  assert.equal([of()?.on_error, of()?.samples, of()?.test_mode], ['abort', 'summary', false])
  const flags = of('--samples', 'raw', '--test-mode', '--on-error', 'continue-on-network')
  assert.equal(
    [flags?.on_error, flags?.samples, flags?.test_mode, flags?.cores],
    ['continue-on-network', 'raw', true, 2]
  )
  const { load, samples } = effectiveSpec(file, parse('--samples', '3', '--raw-samples'))
  assert.equal([load?.samples, samples], ['raw', 3])
  assert.throws(() => parse('--samples', '3', '--samples', 'raw'), /--samples N --raw-samples/)
  assert.throws(() => effectiveSpec({}, parse('--test-mode'), ['x']), /load: is for tasks/)
  const settings = parse('--test-mode')
  assert.is(effectiveSpec({}, {}, ['x'], settings).load, undefined)
  assert.is(effectiveSpec(file, {}, undefined, settings).load?.test_mode, true)
})

for (const words of [
  ['--samples', 'x'],
  ['--results', 'fi'],
  ['--results', ','],
  ['--tag', 'x'],
  ['--sysinfo', 'some'],
  ['--iteration', ' '],
  ['--tool', 'perf'],
  ['--tool', 'perf=']
]) {
  test(`a flag that cannot be read is refused: ${words.join(' ')}`, () => assert.throws(() => parse(...words)))
}

test('--interleave and another order cannot both be', () =>
  assert.throws(() => parse('--interleave', '--order', 'sample')))

test('flags win over the file, those of policy, tags and tools one by one', () => {
  const file: Partial<SpecInput> = {
    command: ['old'],
    on: 'a',
    samples: 2,
    policy: { quorum: 'all', lease: 5 },
    tags: { a: '1', b: '2' },
    tool: { x: { options: ['-a'] }, y: { options: ['-b'] } }
  }
  const flags = parse('--on', 'b', '--lease', '9', '--tag', 'b=3', '--tool', 'x=z')
  const { command, on, samples, policy, tags, tool, name } = effectiveSpec(file, flags, ['new'])
  assert.equal([command, on, samples, name], [['new'], 'b', 2, 'run'])
  assert.equal([policy.quorum, policy.lease, tags], ['all', 9, { a: '1', b: '3' }])
  assert.equal(tool, { x: { command: ['/bin/sh', '-c', 'z'] }, y: { options: ['-b'] } })
})

test('the tools of --tool run beside those of the file or --tools, beside proc only where there is no group', () => {
  const toolsOf = (file: Partial<SpecInput>, ...words: string[]) =>
    effectiveSpec({ command: 'x', ...file }, parse('--tool', 'own=x', ...words)).tools
  assert.equal(toolsOf({}), ['proc', 'own'])
  assert.equal(toolsOf({ tools: ['sar'] }), ['sar', 'own'])
  assert.equal(toolsOf({ tools: ['sar'] }, '--tools', 'iostat,own'), ['iostat', 'own'])
  assert.equal(toolsOf({ groups: [{ name: 'db', tools: ['sar'] }] }), ['own'])
  assert.is(effectiveSpec({ command: 'x' }, {}).tools, undefined)
})

test('a run file wins over the settings of [cli.run], whose tools do not mix into a file with tools or groups', () => {
  const settings = parse(
    '--samples',
    '3',
    '--name',
    'usual',
    '--tools',
    'sar',
    '--tool',
    'own=x',
    '--quorum',
    'all',
    '--tag',
    'a=1'
  )
  const of = (file: Partial<SpecInput>, ...words: string[]) =>
    effectiveSpec({ command: 'x', ...file }, parse(...words), undefined, settings)
  const { samples, name, tools, policy, tags } = of({ samples: 1, policy: { quorum: 2 }, tags: { a: '2' } })
  assert.equal([samples, name, tools, policy.quorum, tags], [1, 'usual', ['sar', 'own'], 2, { a: '2' }])
  assert.equal(of({ tools: ['iostat'] }).tools, ['iostat'])
  assert.is(of({ groups: [{ name: 'db', tools: ['iostat'] }] }).tools, undefined)
  assert.equal([of({}, '--samples', '2').samples, of({}, '--tools', 'none').tools], [2, ['none', 'own']])
})

test('--param adds a parameter, or takes the place of that of the file in each of its sets', () => {
  const names = (file: RunFile, ...words: string[]) =>
    effectiveSpec(file, parse(...words), ['x']).iterations.map(({ name }) => name)
  assert.equal(names({}, '--param', 'bs=4k,1m', '--param', 'depth=8'), ['bs=4k', 'bs=1m'])
  assert.equal(names({ params: { bs: ['4k', '1m'], depth: 1 } }, '--param', 'bs=8k', '--param', 'x=1,2'), [
    'x=1',
    'x=2'
  ])
  assert.equal(names({ params: [{ rw: 'read' }, { rw: 'write', bs: '4k' }] }, '--param', 'bs=1k,2k'), [
    'rw=read,bs=1k',
    'rw=read,bs=2k',
    'rw=write,bs=1k',
    'rw=write,bs=2k'
  ])
  assert.equal(names({}, '--iteration', 'small -s 4', '--param', 'depth=1,8'), ['small,depth=1', 'small,depth=8'])
})

for (const words of [
  ['--param', 'bs'],
  ['--max-stddev', 'iops'],
  ['--max-stddev', 'iops=x'],
  ['--order', 'odd']
]) {
  test(`${words.join(' ')} is refused`, () => assert.throws(() => parse(...words)))
}

test.run()
