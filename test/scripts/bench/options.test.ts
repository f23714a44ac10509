import { execFileSync, spawnSync } from 'node:child_process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readOptions } from '../../../scripts/bench/options.ts'
import { partNames } from '../../../scripts/bench/parts/index.ts'

const options = suite('the command line of npm run bench')
const main = 'scripts/bench/main.ts'

options('names parts and numbers; without names it is all parts', () => {
  const all = readOptions([], partNames)
  assert.equal(all.parts, partNames)
  assert.is(all.peers, 64)
  const some = readOptions(['skew', 'phase', '--peers', '4', '--rounds', '3', '--json', 'x'], partNames)
  assert.equal([some.parts, some.peers, some.rounds, some.json], [['phase', 'skew'], 4, 3, 'x'])
})

options('every part of the plan is there', () => {
  const parts = ['phase', 'skew', 'bulk', 'fan-in', 'growth', 'footprint', 'start-up', 'observer']
  for (const name of parts) assert.ok(partNames.includes(name), name)
})

options('what is wrong is said, with the usage, and nothing is started', () => {
  for (const [why, ...args] of [
    [/no part speed; there are .*phase/, 'speed'],
    [/--peers 1: a whole number from 2 to/, '--peers', '1'],
    [/--rounds x: /, 'phase', '--rounds', 'x'],
    [/'--fast'/, '--fast']
  ] as Array<[RegExp, ...string[]]>) {
    assert.throws(() => readOptions(args, partNames), why)
  }
  const { status, stderr } = spawnSync(process.execPath, [main, '--peers', 'many'], {
    encoding: 'utf8',
    timeout: 30_000
  })
  assert.is(status, 64)
  assert.match(stderr, /^bench: --peers many: .*\nusage: npm run bench/)
})

options('--help says what there is', () => {
  const text = execFileSync(process.execPath, [main, '--help'], { encoding: 'utf8', timeout: 30_000 })
  for (const name of partNames) assert.match(text, name)
})

options.run()
