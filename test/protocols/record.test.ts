import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { digestOf } from '../../protocols/digest.ts'
import { BakError } from '../../protocols/errors.ts'
import { checkSeal, FORMAT, type RunRecord, readRecord, writeRecord } from '../../protocols/record.ts'
import { newSigner } from '../helpers/streams.ts'
import { controller, manifest, offer, run, step } from './samples.ts'

const test = suite('run.json')
const digest = digestOf(Buffer.from('x'))
const record: RunRecord = {
  format: FORMAT,
  run,
  key: 'nightly 42 \u{1f980}',
  name: 'run',
  state: 'ended',
  verdict: 'ok',
  status: 0,
  partial: true,
  reason: 'a "word" of\tmany',
  controller: { peer: controller.peer, name: 'node-a' },
  epoch: 1,
  created: 1_795_383_015_123,
  begun: 1_795_383_015_123,
  shortfalls: [{ kind: 'tool', member: 'node-b', what: 'sar', reason: 'not found on PATH' }],
  beside: [],
  ended: 1_795_383_016_123.25,
  program: '0.1.0',
  directory: '/tmp/ein Ordner',
  manifest: digest,
  spec: offer.spec,
  roster: manifest.roster,
  excluded: manifest.excluded,
  workload: [{ step, exit: 0, duration: 12.5, timedOut: false }],
  skew: [{ step, skew: 0.5, latest: -0.25 }],
  sent: [{ peer: controller.peer, name: 'node-a', what: 'sysinfo begin', digest, bytes: 9, arrived: true }],
  files: { 'sysinfo/begin/node-a/uname.txt': { sha256: digest, bytes: 9 } }
}
const sealed = writeRecord(record, controller)

function codeOf(content: string): string {
  try {
    checkSeal(content)
    return 'none'
  } catch (error) {
    return error instanceof BakError ? error.code : `not a BakError: ${error}`
  }
}

test('a record that is written and read is equal, sealed or not', () => {
  assert.equal(readRecord(writeRecord(record)), record)
  const { seal, ...rest } = readRecord(sealed)
  assert.equal(rest, record)
  assert.is(seal?.by, controller.peer)
  assert.equal(checkSeal(sealed), readRecord(sealed))
})

test('a record that is sealed again has one seal, the latest', () => {
  const other = newSigner()
  const again = writeRecord({ ...readRecord(sealed), partial: false }, other)
  assert.is(checkSeal(again).seal?.by, other.peer)
  assert.is(again.split('"seal"').length, 2)
})

test('a record without a seal is of a run that did not end', () => {
  assert.throws(() => checkSeal(writeRecord(record)), /no seal/)
})

test('one character that is changed, removed or added anywhere in the file is found', () => {
  const letter = fc.integer({ min: 0x20, max: 0x7e }).map(code => String.fromCharCode(code))
  fc.assert(
    fc.property(fc.nat(sealed.length - 1), letter, fc.constantFrom('change', 'drop', 'insert'), (at, by, how) => {
      const rest = how === 'insert' ? sealed.slice(at) : sealed.slice(at + 1)
      const changed = sealed.slice(0, at) + (how === 'drop' ? '' : by) + rest
      if (changed !== sealed) assert.is(codeOf(changed), 'damaged', `${how} ${JSON.stringify(by)} at ${at}`)
    }),
    { numRuns: 3_000 }
  )
})

test('one flipped bit anywhere in the file is found', () => {
  const bytes = Buffer.from(sealed)
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
      const changed = Buffer.from(bytes)
      changed[at] = (bytes[at] as number) ^ (1 << bit)
      assert.is(codeOf(changed.toString('utf8')), 'damaged', `bit ${bit} of byte ${at}`)
    }),
    { numRuns: 3_000 }
  )
})

test('the same values in another form are refused', () => {
  const json = JSON.parse(sealed)
  const { seal, ...rest } = json
  for (const other of [
    JSON.stringify(json),
    JSON.stringify(json, null, 4),
    `${sealed}\n`,
    sealed.slice(0, -1),
    `${JSON.stringify({ seal, ...rest }, null, 2)}\n`,
    `${JSON.stringify({ ...json, more: 1 }, null, 2)}\n`
  ]) {
    assert.is(codeOf(other), 'damaged')
  }
})

test('the seal of another run or another peer does not fit', () => {
  const other = newSigner()
  const { seal, ...rest } = JSON.parse(sealed)
  const print = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
  assert.is(codeOf(print({ ...rest, seal: { ...seal, by: other.peer } })), 'damaged')
  assert.is(codeOf(print({ ...rest, status: 3, seal })), 'damaged')
  assert.is(codeOf(print({ ...rest, seal })), 'none')
})

test('a text that is no record is damaged, with the path of the error', () => {
  assert.throws(() => readRecord('{'), /^run\.json is not JSON/)
  assert.throws(() => readRecord('{}'), /^run\.json: format/)
  assert.throws(() => readRecord(JSON.stringify({ ...record, roster: [{}] })), /^run\.json: roster\.0\./)
  fc.assert(fc.property(fc.json(), content => assert.is(codeOf(content), 'damaged')))
})

test.run()
