import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { endurance, growths } from '../../testnets/endurance.ts'
import type { ResourceUsage } from '../../testnets/inside.ts'

const test = suite('resources of daemons over many runs')

const usage = (runs: number, more: Partial<ResourceUsage> = {}): ResourceUsage => ({
  ...{ peer: 'n1', runs, heap: 20, outside: 7, pss: 60, files: 27, timers: 80, home: 5 },
  ...more
})
/** Ten measurements; what differs may depend on the number of runs. */
const measurements = (of: (runs: number) => Partial<ResourceUsage>) =>
  Array.from({ length: 10 }, (_, i) => usage(100 * (i + 1), of(100 * (i + 1))))

const cases: Array<[name: string, of: (runs: number) => Partial<ResourceUsage>, grew: RegExp | undefined]> = [
  ['what stays as it is', () => ({}), undefined],
  [
    'what goes up and down',
    runs => ({ timers: runs % 200 === 0 ? 70 : 100, heap: 20 + (runs % 300) / 300 }),
    undefined
  ],
  [
    'what fills at first and then stays',
    runs => ({ heap: Math.min(22, 20 + runs / 100), pss: runs < 200 ? 50 : 70 }),
    undefined
  ],
  [
    'memory that grows by 8 KiB a run',
    runs => ({ heap: 20 + runs / 128 }),
    /^heap of n1 grew by 4\.7 MiB from run 300 to run 900$/
  ],
  [
    'a file that stays open in each twentieth run',
    runs => ({ files: 27 + runs / 20 }),
    /^files of n1 grew by 30\.0 from run/
  ],
  ['a timer that goes on in each run', runs => ({ timers: 80 + runs }), /^timers of n1 grew by 600\.0 from run/],
  ['what lies in the home, 200 bytes a run', runs => ({ home: runs / 5 }), /^home of n1 grew by 120\.0 KiB/]
]
for (const [name, of, grew] of cases) {
  test(`${name} is ${grew == null ? 'no' : 'a'} growth`, () => {
    const found = growths(measurements(of))
    assert.is(found.length, grew == null ? 0 : 1, String(found))
    if (grew != null) assert.match(found[0] as string, grew)
  })
}

test('a dozen runs on three daemons leave no file open and nothing in a home but their results', async () => {
  const { measurements } = await endurance({ runs: 12, every: 4 }, () => {})
  for (const [peer, all] of Map.groupBy(measurements, each => each.peer)) {
    const [first, last] = [all[0], all.at(-1)] as [ResourceUsage, ResourceUsage]
    const said = JSON.stringify(all)
    assert.ok(last.files <= first.files + 3, said)
    assert.ok(last.home <= first.home + 16, said)
    // what is remembered of the last runs is still filling, and code is being compiled
    assert.ok(last.heap <= first.heap + 4, said)
    assert.ok(['n1', 'n2', 'n3'].includes(peer))
  }
})

test.run()
