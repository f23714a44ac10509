/** Lines that a workload says, and what they ask for. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type CallRequest, parseCall } from '../../../node/work/calls/parse-call.ts'
import { BakError } from '../../../protocols/errors.ts'

const lines = suite('lines of a workload')
const bytes = (text: string) => new Uint8Array(Buffer.from(text))

const GOOD: Array<[line: string, request: CallRequest]> = [
  ['barrier start', { call: 'barrier', name: 'start', timeout: 300_000 }],
  [
    'barrier --group all start --count=3 --timeout 1.5',
    { call: 'barrier', name: 'start', group: 'all', count: 3, timeout: 1_500 }
  ],
  ['barrier a --timeout 5m', { call: 'barrier', name: 'a', timeout: 300_000 }],
  ['barrier a --timeout 0', { call: 'barrier', name: 'a', timeout: 0 }],
  ['publish news', { call: 'publish', name: 'news', value: bytes('') }],
  ['publish news  two  words ', { call: 'publish', name: 'news', value: bytes(' two  words ') }],
  ['publish news --count', { call: 'publish', name: 'news', value: bytes('--count') }],
  ['put key two\\nlines', { call: 'put', key: 'key', value: bytes('two\nlines') }],
  ['put key ', { call: 'put', key: 'key', value: bytes('') }],
  ['put key \xff\xfe', { call: 'put', key: 'key', value: Uint8Array.of(0xff, 0xfe) }],
  ['get key', { call: 'get', key: 'key', timeout: 300_000 }],
  ['subscribe news', { call: 'subscribe', name: 'news', timeout: 0 }],
  ['subscribe news --count 2 --timeout 3', { call: 'subscribe', name: 'news', count: 2, timeout: 3_000 }],
  ['period begin steady', { call: 'period', edge: 'begin', name: 'steady' }],
  ['sample latency -1.5e-3 ms', { call: 'sample', name: 'latency', value: -0.0015, unit: 'ms' }],
  ['sample n 7', { call: 'sample', name: 'n', value: 7 }],
  ['sample n 7 ops/s more sum', { call: 'sample', name: 'n', value: 7, unit: 'ops/s', better: 'more', across: 'sum' }],
  ['sample n 7 less', { call: 'sample', name: 'n', value: 7, better: 'less' }],
  ['quit', { call: 'quit' }]
]
for (const [line, request] of GOOD) {
  lines(`${JSON.stringify(line)} is understood`, () => {
    assert.equal(parseCall(line), request)
  })
}

const BAD: Array<[line: string, why: RegExp]> = [
  ['barier x', /^there is no call "barier": the calls are barrier, publish, subscribe, put, get, period, sample$/],
  [' barrier x', /there is no call ""/],
  ['quit now', /there is no call "quit"/],
  ['barrier', /^a name is missing; it is called as: barrier NAME \[--group/],
  ['barrier a b', /^one word too many: "b"; it is called as/],
  ['barrier ../x', /NAME "\.\.\/x": a name has letters/],
  [`barrier ${'x'.repeat(65)}`, /a name has 64 characters at most/],
  ['barrier a --until 5', /there is no option "--until"/],
  ['barrier a --timeout', /--timeout needs a value/],
  ['barrier a --timeout soon', /--timeout "soon": seconds, or a time such as 30s/],
  ['barrier a --timeout -1', /--timeout "-1"/],
  ['barrier a --timeout 1e9', /--timeout "1e9"/],
  ['barrier a --timeout 99999999', /--timeout/],
  ['barrier a --count 0', /--count "0": a number from 1 on/],
  ['barrier a --count 1.5', /--count/],
  ['put key', /a value is missing; it is called as: put KEY VALUE/],
  ['put key a\\b', /\\b has no meaning/],
  [`put key ${'x'.repeat(65_537)}`, /a value has 65536 bytes at most, and this has 65537/],
  ['get key --count 2', /there is no option "--count"/],
  ['period middle x', /a period has a begin or an end/],
  ['sample a', /a value is missing/],
  ['sample a NaN', /"NaN" is not a number/],
  ['sample a 0x10', /is not a number/],
  ['sample a 1e999', /is not a number/],
  ['sample a 1 m s', /one word too many: "s"/],
  ['sample a 1 ms less sum max', /one word too many: "less"/],
  [`sample a 1 ${'u'.repeat(33)}`, /a unit is a word of 32 letters at most/]
]
for (const [line, why] of BAD) {
  lines(`${JSON.stringify(line.slice(0, 40))} is refused in words`, () => {
    assert.throws(
      () => parseCall(line),
      (error: BakError) => {
        assert.is(error.code, 'usage')
        assert.match(error.message, why)
        return true
      }
    )
  })
}

lines('any line is understood or refused in words of one short line', () => {
  const word = fc.oneof(
    fc.constantFrom('barrier', 'put', 'get', '--count', '--timeout', 'x', '1', '-'),
    fc.string({ unit: 'binary', maxLength: 80 })
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), words => {
      try {
        parseCall(Buffer.from(words.join(' ')).toString('latin1'))
      } catch (error) {
        assert.instance(error, BakError)
        assert.is((error as BakError).code, 'usage')
        assert.match((error as BakError).message, /^[\x20-\x7e]{1,400}$/)
      }
    })
  )
})

lines.run()
