import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkHello, openRecord } from '../../../node/mesh/membership/check-hello.ts'
import { encode } from '../../../protocols/codec.ts'
import { seal } from '../../../protocols/envelope.ts'
import type { BakError } from '../../../protocols/errors.ts'
import { lostSubject, memberSubject } from '../../../protocols/hello.ts'
import { member, record } from '../../protocols/samples.ts'

const test = suite('hello')
const everybody = { check: () => undefined, roleOf: () => 'agent' as const }
const nobody = { ...everybody, roleOf: () => undefined }

test('opens a record of its signer, with the addresses that can be parsed', () => {
  const addresses = ['/', '/ip4/10.0.0.7/tcp/4001', '/ip4/1/tcp/x']
  const sealed = seal(memberSubject, { ...record, addresses }, member)
  const { value, by } = openRecord(sealed, everybody)
  assert.equal(value.addresses, ['/ip4/10.0.0.7/tcp/4001'])
  assert.is(by, member.peer)
})

test('ignores a report from an unknown peer', () => {
  const bytes = encode({ type: 'lost', sealed: seal(lostSubject, { peer: member.peer, version: 1 }, member) })
  assert.is(checkHello(bytes, everybody).type, 'lost')
  try {
    checkHello(bytes, nobody)
    assert.unreachable()
  } catch (error) {
    assert.is((error as BakError).code, 'not-ready')
  }
})

test.run()
