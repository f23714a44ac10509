/** The command that serves what collectors kept. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CallRequest } from '../../protocols/control.ts'
import { BakError } from '../../protocols/errors.ts'
import { run } from '../protocols/samples.ts'
import { useFakes } from './fake.ts'

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

bak('without what is to be shown is a usage error, as is an address that is none', async () => {
  const { bak } = await fake()
  const { status, stderr } = await bak('report', 'last')
  assert.is(status, 64)
  assert.match(stderr, /what is to be shown\? bak report last --prometheus/)
  for (const listen of ['9090', 'localhost', ':9090', '127.0.0.1:65536', 'http://x:1']) {
    const wrong = await bak('report', 'last', '--prometheus', '--listen', listen)
    assert.is(wrong.status, 64, listen)
    assert.match(wrong.stderr, /expected ADDRESS:PORT/)
  }
})

bak('exits as the daemon says', async () => {
  const { bak } = await fake({
    async *report() {
      throw new BakError('no-such-run', 'the result has no data of Prometheus')
    }
  })
  assert.is((await bak('report', 'last', '--prometheus')).status, 66)
})

bak.run()
