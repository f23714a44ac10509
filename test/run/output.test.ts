/** The output of a run on one peer: all of it, in order, whatever a program put beside it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readOutput } from '../../node/run/output.ts'
import { RunOutput } from '../../node/store/run-output.ts'
import { type OutputPortion, unwrapOutput } from '../../protocols/output.ts'
import { plant, scratch } from '../store/scratch.ts'

const test = suite('the output of a run')
const signal = new AbortController().signal
const labels = new Map([
  ['server', { workload: 'server' }],
  ['client.1', { workload: 'client', instance: 1 }],
  ['client.2', { workload: 'client', instance: 2 }]
])
/** All that is there. */
const readAll = async (output: RunOutput, request = {}) =>
  (await Array.fromAsync(readOutput(output, request, { signal }))).filter(each => 'stream' in each)
const textsOf = (portions: OutputPortion[]) => portions.map(({ text }) => text)
const pathOf = (sample: number, stream: string) => `1-default/sample${sample}/workload/a/${stream}.txt`

test('of a run that is over is all of it, in the order of samples', async () => {
  const root = scratch()
  for (const sample of [1, 2, 10]) {
    await plant(root, { [pathOf(sample, 'stdout')]: `out ${sample}`, [pathOf(sample, 'stderr')]: `err ${sample}` })
    await plant(root, { [`1-default/sample${sample}/workload/a/notes.txt`]: 'of its own' })
  }
  const portions = await readAll(new RunOutput([root, scratch()]))
  assert.equal(textsOf(portions), ['out 1', 'err 1', 'out 2', 'err 2', 'out 10', 'err 10'])
})

test('is the same bytes, however it is cut', async () => {
  const root = scratch()
  const bytes = Buffer.concat([Buffer.from('\ufeff'), Buffer.from('€'.repeat(70_000)), Buffer.from([0xe9, 0xe2, 0x82])])
  await plant(root, { [pathOf(1, 'stdout')]: bytes })
  const portions = await readAll(new RunOutput([root]))
  assert.is(Buffer.concat(portions.map(unwrapOutput)).compare(bytes), 0)
  assert.ok(
    portions.slice(0, -1).every(({ base64 }) => base64 == null),
    'text stays text'
  )
})

test('is followed while it is written, also when its file moves into the result', async () => {
  const [result, data] = [scratch(), scratch()]
  const path = pathOf(1, 'stdout')
  await plant(data, { [path]: 'one ' })
  let isOver = false
  let text = ''
  const reading = { isOver: () => isOver, clock: () => 1, signal }
  for await (const portion of readOutput(new RunOutput([result, data]), { follow: true }, reading)) {
    if (!('stream' in portion)) continue
    text += portion.text
    if (text === 'one ') {
      writeFileSync(join(data, path), 'two', { flag: 'a' })
      mkdirSync(dirname(join(result, path)), { recursive: true })
      renameSync(join(data, path), join(result, path))
      isOver = true
    }
  }
  assert.is(text, 'one two')
})

const instance = (member: string, label: string) => `1-default/sample1/workload/${member}/${label}`

test('of several instances is in the order in which it was written', async () => {
  const root = scratch()
  await plant(root, {
    [`${instance('b', 'server')}/stdout.txt`]: 'b1 b2 ',
    [`${instance('b', 'server')}/times.txt`]: '10 3 0\n40 6 0\n',
    [`${instance('a', 'client.1')}/stdout.txt`]: 'a1 ',
    [`${instance('a', 'client.1')}/stderr.txt`]: 'a2 ',
    [`${instance('a', 'client.1')}/times.txt`]: '20 3 0\n50 3 3\n',
    [`${instance('a', 'client.2')}/stdout.txt`]: 'a3 ',
    [`${instance('a', 'client.2')}/times.txt`]: '30 3 0\n'
  })
  const portions = await readAll(new RunOutput([root], labels))
  assert.equal(
    portions.map(({ member, workload, instance: number, text, at }) => [member, workload, number, text, at]),
    [
      ['b', 'server', undefined, 'b1 ', 10],
      ['a', 'client', 1, 'a1 ', 20],
      ['a', 'client', 2, 'a3 ', 30],
      ['b', 'server', undefined, 'b2 ', 40],
      ['a', 'client', 1, 'a2 ', 50]
    ]
  )
  const selected = async (request: object) => textsOf(await readAll(new RunOutput([root], labels), request)).join('')
  assert.is(await selected({ member: 'a' }), 'a1 a3 a2 ')
  assert.is(await selected({ workload: 'client', instance: 2 }), 'a3 ')
  assert.is(await selected({ workload: 'server' }), 'b1 b2 ')
  assert.is(await selected({ skip: [{ path: `${instance('b', 'server')}/stdout.txt`, bytes: 4 }] }), 'a1 a3 2 a2 ')
})

for (const [title, times] of [
  ['without its times, as in an older result', undefined],
  ['whose times the workload wrote itself', 'hello\n'],
  ['whose times end too early', '10 2 0\n'],
  ['whose times tell of more than there is', '10 2 0\n20 900 0\n']
] as const) {
  test(`of an instance ${title} is all of it`, async () => {
    const root = scratch()
    await plant(root, {
      [`${instance('a', 'server')}/stdout.txt`]: 'all of it',
      ...(times == null ? {} : { [`${instance('a', 'server')}/times.txt`]: times })
    })
    assert.is(textsOf(await readAll(new RunOutput([root], labels))).join(''), 'all of it')
  })
}

test('has no folders that a command made in its own', async () => {
  const root = scratch()
  await plant(root, { [pathOf(1, 'stdout')]: 'its own', [`${instance('a', 'logs')}/stdout.txt`]: 'a file of it' })
  assert.equal(textsOf(await readAll(new RunOutput([root], labels))), ['its own'])
})

test('is no link and no pipe that a program put in its place', async () => {
  const root = scratch()
  await plant(root, { 'secret.txt': 'secret', [`${instance('a', 'server')}/stdout.txt`]: 'x' })
  symlinkSync(join(root, 'secret.txt'), join(root, instance('a', 'server'), 'stderr.txt'))
  mkdirSync(join(root, instance('a', 'client.1')), { recursive: true })
  execFileSync('mkfifo', [join(root, instance('a', 'client.1'), 'stdout.txt')])
  assert.equal(textsOf(await readAll(new RunOutput([root], labels))), ['x'])
})

test('that is followed tells once that it has told all there was', async () => {
  const root = scratch()
  const [stdout, times] = ['stdout', 'times'].map(name => `${instance('a', 'server')}/${name}.txt`) as [string, string]
  await plant(root, { [stdout]: 'one ', [times]: '10 4 0\n' })
  let isOver = false
  const seen: unknown[] = []
  for await (const each of readOutput(
    new RunOutput([root], labels),
    { follow: true },
    { isOver: () => isOver, clock: () => 1e6, signal }
  )) {
    if ('end' in each) break
    if ('stream' in each) seen.push([each.text, each.at])
    else {
      seen.push(each)
      writeFileSync(join(root, stdout), 'two', { flag: 'a' })
      continue
    }
    if (each.text === 'two') isOver = true
  }
  const [, , [text, at] = []] = seen as [unknown, unknown, [string, number]]
  assert.equal(seen.slice(0, 2), [['one ', 10], { caughtUp: 1e6 }])
  assert.is(text, 'two')
  assert.ok(
    (at as number) > 1e6 - 5_000 && (at as number) <= 1e6,
    `what has no line yet was written just before: ${at}`
  )
})

test.run()
