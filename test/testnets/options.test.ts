import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseOptions } from '../../testnets/options.ts'

const options = suite('the options of a testnet')
const parse = (...args: string[]) =>
  parseOptions(args, {
    runs: { is: 'number', default: 6, least: 1, most: 100 },
    delay: { is: 'number', default: 0, least: 0, most: 10, whole: false },
    matrix: { is: 'switch' },
    folder: { is: 'text' }
  })

options('are read, and have defaults', () => {
  assert.equal(parse(), { runs: 6, delay: 0, matrix: false, folder: undefined })
  assert.equal(parse('--runs', '20', '--delay', '0.5', '--matrix', '--folder', 'x'), {
    ...{ runs: 20, delay: 0.5, matrix: true, folder: 'x' }
  })
})

options('that are wrong are named in the error', () => {
  for (const [why, ...args] of [
    [/--runs many: a whole number from 1 to 100/, '--runs', 'many'],
    [/--runs 0: /, '--runs', '0'],
    [/--runs 1.5: /, '--runs', '1.5'],
    [/--runs : /, '--runs', ''],
    [/--delay 11: a number from 0 to 10/, '--delay', '11'],
    [/'--tries'/, '--tries', '3'],
    [/'again'/, 'again']
  ] as Array<[RegExp, ...string[]]>) {
    assert.throws(() => parse(...args), why)
  }
})

options.run()
