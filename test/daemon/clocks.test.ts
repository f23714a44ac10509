import { pathToFileURL } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Ack, Certificate } from '../../protocols/phase.ts'
import { record, startRun, useTestnet } from '../helpers/mesh.ts'
import { fixture } from '../helpers/workspace.ts'

const HOUR = 3_600_000
/** What two processes of one machine may differ by without anybody's doing, ms. */
const SLACK = 1
const wrong = { ahead: { shift: HOUR }, behind: { shift: -HOUR }, fast: { drift: 20_000 }, slow: { drift: -20_000 } }

const clocks = suite('clocks that are wrong')
const net = useTestnet(clocks, {
  peers: ['right', ...Object.keys(wrong)],
  env: { NODE_OPTIONS: `--import ${pathToFileURL(fixture('clock.mjs'))}`, BAK_TEST_CLOCK: JSON.stringify(wrong) }
})

interface Shown {
  certificates: Array<Omit<Certificate, 'acks'> & { acks: Array<Ack & { peer: string }> }>
}

let run = ''

clocks(
  'a run goes well with members whose clocks are an hour ahead, an hour behind, and 2 % too fast or slow',
  async () => {
    const started = await startRun(net(), 'right', ['--tools', 'proc', '--samples', '2', '--', 'sleep', '2'])
    const { status, stderr } = await started.finished
    assert.is(status, 0, stderr)
    run = started.run
    assert.equal(record(net(), 'right', run).excluded, [])
  }
)

clocks('the manifest recovers each shift within the bound that it states', () => {
  const { roster } = record(net(), 'right', run)
  for (const [name, truth] of [
    ['right', 0],
    ['ahead', HOUR],
    ['behind', -HOUR]
  ] as const) {
    const { clock } = roster.find(entry => entry.name === name)?.capabilities ?? {}
    assert.ok(clock != null && clock.bound < 2_000, `${name}: ${JSON.stringify(clock)}`)
    assert.ok(Math.abs(clock.offset - truth) <= clock.bound + SLACK, `${name}: ${JSON.stringify(clock)}`)
  }
})

clocks('the record tells how fast each clock ran, within the bound that it states', async () => {
  const { clocks: told = [], roster } = record(net(), 'right', run)
  assert.is(told.length, roster.length)
  for (const { name, begin, end, drift = Number.NaN, bound = Number.NaN } of told) {
    const truth = { fast: 20_000, slow: -20_000 }[name] ?? 0
    const passed = (end.at ?? 0) - (begin.at ?? 0)
    assert.ok(passed > 4_000 && passed < 120_000, `${name}: ${passed} ms passed`)
    const slack = (2 * SLACK * 1e6) / passed
    assert.ok(Math.abs(drift - truth) <= bound + slack, `${name}: ${drift} +- ${bound} ppm, truth ${truth}`)
  }
  const shown = await net().bak('right', ['show', run, '--all'])
  assert.match(shown.stdout, /CLOCK AHEAD +DRIFT .*TOOLS/)
  const { clock } = roster.find(({ name }) => name === 'ahead')?.capabilities ?? {}
  assert.match(shown.stdout, new RegExp(`ahead .*${clock?.offset.toFixed(1)} ms ± .* ppm`))
})

clocks(
  "in the certificates all that members did lies between the controller's command and its certificate",
  async () => {
    const shown = await net().bak('right', ['show', run, '--json'])
    const { certificates } = JSON.parse(shown.stdout) as Shown
    const { roster, clocks: told = [] } = record(net(), 'right', run)
    const nameOf = new Map(roster.map(({ peer, name }) => [peer, name]))
    let last = record(net(), 'right', run).created
    for (const { phase, acks, closed } of certificates) {
      for (const { peer, received, done, began = received } of acks) {
        const name = nameOf.get(peer) as string
        const known = told.find(each => each.name === name)
        // since its offset was measured a clock that drifts has gone wrong by so much
        const gone = (Math.abs(known?.drift ?? 0) / 1e6) * (closed - (known?.begin.at ?? 0))
        const least = last - (known?.begin.bound ?? 0) - gone - SLACK
        const most = closed + (known?.begin.bound ?? 0) + gone + SLACK
        const about = `${phase} of ${name}: ${[last, received, began, done, closed].map(at => at - last).join(' ')}`
        assert.ok(least <= received && received <= done && done <= most, about)
        assert.ok(received <= began && began <= done, about)
      }
      last = closed
    }
  }
)

clocks.run()
