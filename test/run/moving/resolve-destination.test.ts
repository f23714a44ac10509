import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { resolveDestination } from '../../../node/run/moving/resolve-destination.ts'
import type { MemberView } from '../../../protocols/control.ts'
import type { BakError } from '../../../protocols/errors.ts'
import { member } from '../../cli/fake.ts'

const test = suite('where a destination is')
const peer = (name: string, labels: Record<string, string> = {}) => member(name, { peer: `id-of-${name}`, labels })
const archive = { archive: 'true' }
const a = peer('a')
const b = peer('b', { archive: 'false' })
const z = peer('z', archive)
const y = peer('y', { ...archive, zone: 'eu' })
const named = peer('archive', archive)
const at = (name: string, note?: string) => ({ kind: 'peer', peer: `id-of-${name}`, name, ...(note && { note }) })

const found: Array<[title: string, to: string, members: MemberView[], expected: object]> = [
  ['the one with the label', 'archive', [a, b, z], at('z')],
  ['of several the first by name', 'archive', [a, z, y], at('y', 'y was taken of y, z')],
  ['the one that is called so', 'archive', [a, z, y, named], at('archive', 'archive was taken of archive, y, z')],
  ['this peer, if it archives', 'archive', [peer('a', archive), z], { kind: 'here', name: 'a' }],
  ['a peer by its name', 'z', [a, z], at('z')],
  ['a peer by a selector', 'archive=true+zone=eu', [a, z, y], at('y')],
  ['a folder', '/x', [a], { kind: 'folder', path: '/x' }]
]
for (const [title, to, members, expected] of found)
  test(`${to} is ${title}`, () => assert.equal(resolveDestination(to, { members, self: 'id-of-a' }), expected))

const wrong: Array<[title: string, to: string, members: MemberView[], code: string, why: RegExp]> = [
  ['archive where nobody archives', 'archive', [a, b], 'no-such-peer', /has the label archive=true: start one with/],
  ['a name that nobody has', 'q', [a], 'no-such-peer', /"q" selects 0 peers; expected one/],
  ['a selector of several', 'archive=true', [a, z, y], 'no-such-peer', /selects 2 peers/],
  ['this peer', 'a', [a, z], 'usage', /on this peer already/]
]
for (const [title, to, members, code, why] of wrong)
  test(`${title} is an error that says what to do`, () =>
    assert.throws(
      () => resolveDestination(to, { members, self: 'id-of-a' }),
      (error: BakError) => error.code === code && why.test(error.message)
    ))

test.run()
