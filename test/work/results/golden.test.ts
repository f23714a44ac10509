/**
 * What the readers of results find in outputs of real programs (test/golden/results; uperf.txt alone is written after what others published).
 * metrics.tsv has a line for each metric, compared with the outputs by hand: file, name, value, unit, which is better, across instances, and of main ones that.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readers } from '../../../node/work/results/index.ts'
import { OutputText } from '../../../node/work/results/output-text.ts'
import { claimantOf } from '../../../node/work/results/read-results.ts'
import { RESULT_READERS, type ResultReaderName } from '../../../protocols/workload-results.ts'
import { foundIn } from './found-in.ts'

const FOLDER = 'test/golden/results'
const EXPECTED = 'metrics.tsv'
/** Outputs of tools, and what of these programs is no result. */
const OTHERS = 'others'
const expected = Map.groupBy(
  readFileSync(`${FOLDER}/${EXPECTED}`, 'utf8').trim().split('\n'),
  line => line.split('\t')[0] as string
)
const files = [...expected.keys()]
const textOf = (file: string) => readFileSync(`${FOLDER}/${file}`, 'utf8')

test('each output has its expectations, and each reader an output', () => {
  const there = readdirSync(FOLDER).filter(file => file !== EXPECTED && file !== OTHERS)
  assert.equal(there.sort(), files.sort())
  for (const each of RESULT_READERS)
    assert.ok(
      files.some(file => file.startsWith(each)),
      each
    )
})

for (const file of files) {
  const reader = RESULT_READERS.find(each => file.startsWith(each)) as ResultReaderName
  test(`${file} is claimed by ${reader} alone, which finds its metrics`, () => {
    const output = new OutputText(textOf(file))
    assert.equal(
      RESULT_READERS.filter(each => readers[each].claims(output)),
      [reader]
    )
    assert.is(claimantOf(output), reader)
    const { metrics } = foundIn(reader, textOf(file))
    const lines = metrics.map(({ name, value, unit = '', better = '', across = '', main }) =>
      [file, name, value, unit, better, across, ...(main ? ['main'] : [])].join('\t')
    )
    assert.equal(lines.length === 0 ? [file] : lines, expected.get(file))
  })
}

for (const file of readdirSync(`${FOLDER}/${OTHERS}`)) {
  test(`${file} is claimed by no reader`, () => {
    assert.is(claimantOf(new OutputText(textOf(`${OTHERS}/${file}`))), undefined)
  })
}

test('the same with carriage returns, and between lines of others', () => {
  for (const file of files) {
    const reader = RESULT_READERS.find(each => file.startsWith(each)) as ResultReaderName
    const text = `#BAK:PHASE run\n$ bench\n${textOf(file).replaceAll('\r', '\n').replaceAll('\n', '\r\n')}\r\ndone\n`
    assert.is(claimantOf(new OutputText(text)), reader, file)
    assert.equal(foundIn(reader, text), foundIn(reader, textOf(file)), file)
  }
})

test.run()
