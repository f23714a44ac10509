/** Which ports of a machine its owner lets be reached. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { refuseForward } from '../../../node/agent/allow/forward-rule.ts'
import { checkFlags } from '../../../node/config.ts'
import { portsIn } from '../../../protocols/ports.ts'

const test = suite('ports that may be reached here')

const list = [9100, '8000-8099', '7']
const cases: Array<[string, boolean | Array<number | string> | undefined, number, RegExp | undefined]> = [
  ['none, by default', undefined, 9100, /lets no port be reached/],
  ['none', false, 9100, /lets no port be reached/],
  ['all', true, 1, undefined],
  ['one that is named', list, 9100, undefined],
  ['one that is named as a text', list, 7, undefined],
  ['the first of a range', list, 8000, undefined],
  ['the last of a range', list, 8099, undefined],
  ['no port beyond a range', list, 8100, /does not name port 8100/],
  ['no port whose number begins alike', list, 910, /does not name port 910/],
  ['none by an empty list', [], 9100, /does not name port 9100/]
]
for (const [title, forward, port, why] of cases) {
  test(title, () => {
    const refusal = refuseForward(forward == null ? {} : { forward }, port)
    if (why == null) assert.is(refusal, undefined)
    else assert.match(refusal?.why ?? '', why)
    if (refusal != null) assert.is(refusal.rule, 'forward')
  })
}

test('are written as a number or a range of two', () => {
  assert.equal(portsIn('8000-8099'), { first: 8000, last: 8099 })
  assert.equal(portsIn(9100), { first: 9100, last: 9100 })
  for (const wrong of ['', '0', '65536', '1-65536', '8099-8000', '80-', '-80', '80-81-82', ' 80', '8e3', 1.5, -1])
    assert.is(portsIn(wrong), undefined, `${wrong}`)
})

test('are given by a flag as by the file', () => {
  assert.equal(checkFlags({ allowForward: ['9100,8000-8099'] }).allow, { forward: ['9100', '8000-8099'] })
  assert.equal(checkFlags({ allowForward: ['all'] }).allow, { forward: true })
  assert.equal(checkFlags({ allowForward: ['none'] }).allow, { forward: false })
  assert.throws(
    () => checkFlags({ allowForward: ['http'] }),
    /--allow-forward http: expected a port such as 9100, or some such as "8000-8099"/
  )
})

test.run()
