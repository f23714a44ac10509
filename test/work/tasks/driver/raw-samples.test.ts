/** The file of all requests of a member. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RawSamples } from '../../../../node/work/tasks/driver/raw-samples.ts'
import { RAW_HEADER } from '../../../../node/work/tasks/raw-lines.ts'
import { BYTES_A_SAMPLE } from '../../../../protocols/tasks/sample-block.ts'
import { blockOf } from '../../../helpers/load-blocks.ts'

const test = suite('the file of all requests')

async function withFile(most: number, work: (raw: RawSamples, lines: () => string[]) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bak-raw-'))
  const path = join(folder, 'samples.csv')
  try {
    const raw = await RawSamples.open(path, most)
    await work(raw, () => readFileSync(path, 'utf8').trim().split('\n'))
    await raw.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
}
const block = (due: number) => blockOf([{ due, latency: 1 }])

test('has blocks in the order in which they came', () =>
  withFile(1_000, async (raw, lines) => {
    for (let due = 0; due < 10; due++) void raw.add(block(due), 1_000)
    await raw.settled()
    const [head, ...rows] = lines()
    assert.is(head, RAW_HEADER)
    assert.equal(
      rows.map(row => Number(row.split(',')[0])),
      Array.from({ length: 10 }, (_, due) => 1_001 + due)
    )
  }))

test('a disk that is too slow is said, and no more than a bound waits for it', () =>
  withFile(2 * BYTES_A_SAMPLE, async (raw, lines) => {
    const outcomes = await Promise.allSettled([0, 1, 2].map(due => raw.add(block(due), 0)))
    assert.equal(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected']
    )
    assert.match(String((outcomes[2] as PromiseRejectedResult).reason), /wait for the disk, which is too slow/)
    await raw.add(block(3), 0)
    assert.is(lines().length, 4)
  }))

test.run()
