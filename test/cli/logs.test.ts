/** `bak logs` of runs with one instance and with several: bytes or lines, in the order in which they come, and what cannot be had. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CallResponse, OutputHead } from '../../protocols/control.ts'
import { BakError } from '../../protocols/errors.ts'
import type { OutputPortion } from '../../protocols/output.ts'
import { needs, skipWhere } from '../helpers/skip.ts'
import { RUN, useFakes, yields } from './fake.ts'

const test = suite('bak logs')
const fake = useFakes(test)
const onTerminal = skipWhere(needs('script'), test)
const BAK = fileURLToPath(new URL('../../bin/bak', import.meta.url))

const head = (instances: number | undefined, more: Partial<OutputHead> = {}): OutputHead => ({
  run: RUN,
  instances,
  width: 'db-1/client.2'.length,
  samples: 1,
  ...more
})
const from = (member: string, workload: string, instance?: number, sample = 1) => {
  const label = instance == null ? workload : `${workload}.${instance}`
  return (stream: 'stdout' | 'stderr', text: string): OutputPortion => ({
    ...{ path: `1-default/sample${sample}/workload/${member}/${label}/${stream}.txt`, member, workload },
    ...(instance == null ? {} : { instance }),
    ...{ stream, text }
  })
}
const server = from('a', 'server')
const client = from('db-1', 'client', 2)

test('of several instances prints lines with who wrote them, aligned, each stream on its own', async () => {
  const { bak } = await fake({
    logs: yields<CallResponse<'logs'>>(
      head(2),
      server('stdout', 'listening\n'),
      client('stdout', 'one\ntw'),
      server('stderr', 'warning\n'),
      client('stdout', 'o\n\nend')
    )
  })
  assert.equal(await bak('logs', 'last'), {
    status: 0,
    stdout: [
      'a/server      | listening',
      'db-1/client.2 | one',
      'db-1/client.2 | two',
      'db-1/client.2 | ',
      'db-1/client.2 | end',
      ''
    ].join('\n'),
    stderr: 'a/server      | warning\n'
  })
  assert.is((await bak('logs', 'last', '--stderr')).stdout, '')
})

test('of one instance prints its bytes, and with --raw of several says how to choose one', async () => {
  const one = await fake({ logs: yields<CallResponse<'logs'>>(head(1), client('stdout', 'no end')) })
  assert.is((await one.bak('logs', 'last')).stdout, 'no end')
  assert.is((await one.bak('logs', 'last', '--raw')).stdout, 'no end')
  const several = await fake({ logs: yields<CallResponse<'logs'>>(head(2), client('stdout', 'x')) })
  const { status, stderr } = await several.bak('logs', 'last', '--raw')
  assert.is(status, 64)
  assert.match(stderr, /^bak: 2 instances write output of .*: choose one with --member and --workload/)
})

test('asks for what was selected', async () => {
  const asked: object[] = []
  const { bak } = await fake({
    async *logs(request) {
      asked.push(request)
      yield head(1)
    }
  })
  await bak('logs', 'last', '--member', 'a', '--workload', 'server.2', '--follow')
  assert.equal(asked, [{ run: 'last', member: 'a', workload: 'server.2', follow: true }])
})

test('names once what cannot be had, goes on, and exits with 2', async () => {
  const { bak } = await fake({
    logs: yields<CallResponse<'logs'>>(
      head(2),
      { member: 'a', missing: 'it cannot be reached: gone' },
      client('stdout', 'one\n')
    )
  })
  assert.equal(await bak('logs', 'last'), {
    status: 2,
    stdout: 'db-1/client.2 | one\n',
    stderr: 'bak: no more output of a: it cannot be reached: gone\n'
  })
})

test('says where nothing runs', async () => {
  const { bak } = await fake({ logs: yields<CallResponse<'logs'>>(head(0)) })
  assert.equal(await bak('logs', 'last'), { status: 0, stdout: '', stderr: `bak: no workload of ${RUN} runs there\n` })
})

test('prints lines of a run whose members are not known yet, and what it had when it fails', async () => {
  const { bak } = await fake({
    async *logs() {
      yield head(undefined, { width: 0 })
      yield head(2)
      yield client('stdout', 'begun')
      throw new BakError('damaged', 'not as it was sealed')
    }
  })
  assert.equal(await bak('logs', 'last'), {
    status: 66,
    stdout: 'db-1/client.2 | begun\n',
    stderr: 'bak: not as it was sealed\n'
  })
})

test('begins each sample with a line on stderr', async () => {
  const second = from('a', 'server', undefined, 2)
  const { bak } = await fake({
    logs: yields<CallResponse<'logs'>>(
      head(2, { samples: 2 }),
      server('stdout', 'one\n'),
      second('stdout', 'two\n'),
      server('stdout', 'late\n')
    )
  })
  const { stderr } = await bak('logs', 'last')
  assert.is(stderr, '== 1-default/sample1\n== 1-default/sample2\n== 1-default/sample1\n')
})

test('loses no byte, however the output is cut', async () => {
  const cuts = fc.array(
    fc.tuple(fc.boolean(), fc.string({ unit: fc.constantFrom('x', 'é', '\n', '\t', '\u0000'), maxLength: 9 })),
    {
      maxLength: 20
    }
  )
  await fc.assert(
    fc.asyncProperty(cuts, async pieces => {
      const portions = pieces.map(([isServer, text]) => (isServer ? server : client)('stdout', text))
      const { bak } = await fake({ logs: yields<CallResponse<'logs'>>(head(2), ...portions) })
      const lines = (await bak('logs', 'last')).stdout.split('\n').slice(0, -1)
      for (const [isServer, prefix] of [
        [true, 'a/server      | '],
        [false, 'db-1/client.2 | ']
      ] as const) {
        const text = pieces
          .filter(([of]) => of === isServer)
          .map(([, text]) => text)
          .join('')
        const printed = lines
          .filter(line => line.startsWith(prefix))
          .map(line => `${line.slice(prefix.length)}\n`)
          .join('')
        assert.is(printed, text === '' || text.endsWith('\n') ? text : `${text}\n`)
      }
    }),
    { numRuns: 15 }
  )
})

test('prints a very long line in pieces and holds no more of it', async () => {
  const long = 'x'.repeat(60_000)
  const { bak } = await fake({
    logs: yields<CallResponse<'logs'>>(head(2), client('stdout', long), client('stdout', `${long}\n`))
  })
  const printed = (await bak('logs', 'last')).stdout
  assert.is(printed.replaceAll('db-1/client.2 | ', '').replaceAll('\n', ''), long + long)
})

onTerminal('shows a terminal what it would obey, with the colour of each member', async () => {
  const { home } = await fake({
    logs: yields<CallResponse<'logs'>>(head(2), client('stdout', 'a\u001b[2Jb\rc\n'), server('stdout', 'd\n'))
  })
  const child = spawn('script', ['-qfc', `${BAK} --home ${home} logs last`, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm', NO_COLOR: undefined, FORCE_COLOR: undefined, CI: undefined },
    stdio: ['pipe', 'pipe', 'inherit']
  })
  const text = (await Array.fromAsync(child.stdout.setEncoding('utf8'))).join('')
  assert.not.match(text, /\u001b\[2J/)
  assert.match(
    text,
    /\u001b\[36mdb-1\/client\.2 \| \u001b\[39ma\\x1b\[2Jb\r\n\u001b\[36mdb-1\/client\.2 \| \u001b\[39mc\r\n/
  )
  assert.match(text, /\u001b\[32ma\/server {6}\| \u001b\[39md/)
})

test.run()
