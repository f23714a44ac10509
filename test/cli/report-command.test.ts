/** The command that writes the page of a run, and serves what collectors kept. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CallRequest } from '../../protocols/control.ts'
import { BakError } from '../../protocols/errors.ts'
import { type ResultShape, seriesResult } from '../helpers/series-result.ts'
import { run } from '../protocols/samples.ts'
import { PEER, RUN, useFakes } from './fake.ts'
import { dataIn } from './report/page-data.ts'

const bak = suite('bak report')
const fake = useFakes(bak)

bak('prints where the data is, with the time of the run', async () => {
  let asked: CallRequest<'report'> | undefined
  const { bak } = await fake({
    async *report(request) {
      asked = request
      yield {
        run,
        url: 'http://127.0.0.1:9090',
        begun: Date.UTC(2026, 10, 22, 21),
        ended: Date.UTC(2026, 10, 22, 21, 5)
      }
    }
  })
  const { status, stdout } = await bak('report', 'last', '--prometheus', '--listen', '127.0.0.1:9090')
  assert.equal(asked, { run: 'last', listen: '127.0.0.1:9090' })
  assert.equal(stdout.split('\n'), [
    `http://127.0.0.1:9090 serves the data of ${run}; Ctrl-C ends it`,
    'http://127.0.0.1:9090/graph?g0.expr=up&g0.tab=0&g0.range_input=310s&g0.end_input=2026-11-22+21%3A05%3A05',
    ''
  ])
  assert.is(status, 0)
})

bak('an address that is none is a usage error, and so is what belongs to the other kind of report', async () => {
  const { bak } = await fake()
  for (const listen of ['9090', 'localhost', ':9090', '127.0.0.1:65536', 'http://x:1']) {
    const wrong = await bak('report', 'last', '--prometheus', '--listen', listen)
    assert.is(wrong.status, 64, listen)
    assert.match(wrong.stderr, /expected ADDRESS:PORT/)
  }
  const page = await bak('report', 'last', '--listen', '127.0.0.1:9090')
  assert.is(page.status, 64)
  assert.match(page.stderr, /--listen is for --prometheus: bak report last --prometheus/)
  const data = await bak('report', 'last', '--prometheus', '--output', 'x.html')
  assert.is(data.status, 64)
  assert.match(data.stderr, /serves data and writes no file/)
})

bak('exits as the daemon says', async () => {
  const { bak } = await fake({
    async *report() {
      throw new BakError('no-such-run', 'the result has no data of Prometheus')
    }
  })
  assert.is((await bak('report', 'last', '--prometheus')).status, 66)
})

/** @returns the folder of a result with series, and its record */
const resultIn = (home: string, shape: Partial<ResultShape> = {}) =>
  seriesResult({ folder: join(home, 'runs', RUN), members: 2, samples: 1, iterations: ['x'], seconds: 4, ...shape })

bak('writes one file into the folder of the result, and says where and how large it is', async () => {
  const { bak, home, stop } = await fake()
  await stop()
  const { folder } = resultIn(home)
  const { status, stdout, stderr } = await bak('report', 'last')
  assert.is(status, 0, stderr)
  assert.match(stdout, /\/report\.html, [\d.]+ KiB\n$/)
  const html = readFileSync(join(folder, 'report.html'), 'utf8')
  assert.ok(html.startsWith('<!doctype html>'))
  const { head, series } = dataIn(html)
  assert.equal([head.run, head.verdict, head.partial], [RUN, 'ok', false])
  assert.ok(series.metrics.includes('disk.util'))
  assert.equal(
    readdirSync(folder).filter(name => name.endsWith('.part')),
    []
  )
})

bak('of a folder, to another file, in JSON', async () => {
  const { bak, home } = await fake()
  const { folder } = resultIn(join(home, 'elsewhere'))
  const output = join(home, 'x.html')
  const { status, stdout, stderr } = await bak('--json', 'report', folder, '--output', output)
  assert.is(status, 0, stderr)
  assert.equal(JSON.parse(stdout), { run: RUN, file: output, bytes: statSync(output).size })
  assert.not(existsSync(join(folder, 'report.html')))
})

bak('a file that cannot be written is named, with what to do', async () => {
  const { bak, home } = await fake()
  const { folder } = resultIn(join(home, 'elsewhere'))
  const { status, stderr } = await bak('report', folder, '--output', join(home, 'no', 'x.html'))
  assert.is(status, 73)
  assert.match(stderr, /cannot write .*no\/x\.html: .*; --output FILE writes it elsewhere/)
  // what is there already stays
  mkdirSync(join(folder, 'report.html'))
  const taken = await bak('report', folder)
  assert.is(taken.status, 73)
  assert.equal(
    readdirSync(folder).filter(name => name.endsWith('.part')),
    []
  )
})

bak('a run that another peer has is named with that peer', async () => {
  const { bak } = await fake({
    async *describe() {
      yield { run: RUN, controller: PEER, holder: 'cleo', certificates: [] }
    }
  })
  const { status, stderr } = await bak('report', 'last')
  assert.is(status, 66)
  assert.match(stderr, /not on this machine; it is on cleo/)
})

for (const words of [
  ['run', '--detach', '--report', '--', 'true'],
  ['resume', 'last', '--detach', '--report']
])
  bak(`bak ${words[0]} --detach --report is a usage error, since nobody waits for the end`, async () => {
    const { bak } = await fake()
    const { status, stderr } = await bak(...words)
    assert.is(status, 64)
    assert.match(stderr, /with --detach nobody waits for the end of the run/)
  })

bak.run()
