import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encode } from '../../protocols/codec.ts'
import type { BakError } from '../../protocols/errors.ts'
import { acceptTicket, readTicket, type Ticket, writeTicket } from '../../protocols/ticket.ts'
import { newSigner } from '../helpers/streams.ts'
import { founderOf, issuerOf, NOW, proofOf, ticketOf } from '../helpers/trust.ts'
import { plain } from './samples.ts'

const test = suite('ticket')

const founder = founderOf()
const from = newSigner().peer
const good: Ticket = {
  ...ticketOf(founder),
  addresses: ['/ip4/192.168.7.1/tcp/40001', '/dns4/lab.example/tcp/4001'],
  from
}

function refusalOf(text: string): BakError | undefined {
  try {
    readTicket(text)
    return undefined
  } catch (error) {
    return error as BakError
  }
}

test('a ticket is read as it was written, also with blanks around it', () => {
  const ticket = fc.record({
    mesh: fc.constant(founder.mesh),
    invitation: fc.constant(good.invitation),
    key: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    generation: fc.nat(),
    secret: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    addresses: fc.array(
      fc.string().map(text => `/${text}`),
      { minLength: 1, maxLength: 16 }
    ),
    from: fc.constant(from)
  })
  fc.assert(
    fc.property(ticket, fc.constantFrom('', ' ', '\n', '\r\n\t'), (content, blank) => {
      const text = writeTicket(content)
      assert.match(text, /^bak1[A-Za-z0-9_-]+$/)
      assert.equal(plain(readTicket(blank + text + blank)), plain(content))
    })
  )
})

test('a truncated ticket is refused as incomplete', () => {
  const text = writeTicket(good)
  for (let length = 0; length < text.length; length++) {
    const error = refusalOf(text.slice(0, length))
    assert.is(error?.code, 'usage', `the first ${length} letters passed`)
    assert.match(error?.message ?? '', /^not a complete ticket: /)
  }
})

test('a ticket that lost its beginning is refused', () => {
  const text = writeTicket(good)
  for (let lost = 1; lost < text.length; lost++) assert.is(refusalOf(text.slice(lost))?.code, 'usage')
})

const checksum = (body: Uint8Array) => createHash('sha256').update(body).digest().subarray(0, 4)
const base64 = (value: unknown) => {
  const body = encode(value)
  return `bak1${Buffer.concat([body, checksum(body)]).toString('base64url')}`
}
const others: Array<[title: string, text: string]> = [
  ['a text that is none', 'hello'],
  ['a ticket with a blank in it', writeTicket(good).replace(/(.{40})/, '$1 ')],
  ['a ticket in plain base64', `${writeTicket(good)}==`],
  ['a ticket and something after it', `${writeTicket(good)}AAAA`],
  ['two tickets in one', writeTicket(good) + writeTicket(good)],
  ['a ticket of another version', writeTicket(good).replace('bak1', 'bak2')],
  ['one without an address', base64({ ...good, addresses: [] })],
  ['one with a short secret', base64({ ...good, secret: new Uint8Array(31) })],
  ['one with an address that is none', base64({ ...good, addresses: ['192.168.7.1:4001'] })],
  ['one without an invitation', base64({ ...good, invitation: undefined })],
  ['one whose invitation is none', base64({ ...good, invitation: { ...good.invitation, body: new Uint8Array(3) } })],
  ['one without the key of the invitation', base64({ ...good, key: undefined })]
]
for (const [title, text] of others) {
  test(`${title} is refused`, () => assert.is(refusalOf(text)?.code, 'usage'))
}

test('a ticket with one character changed is refused, and the error says so', () => {
  const text = writeTicket(good)
  for (let at = 4; at < text.length; at++) {
    const error = refusalOf(`${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`)
    assert.is(error?.code, 'usage', `letter ${at}`)
    assert.match(error?.message ?? '', 'a character is wrong')
  }
})

test('addresses of the peer that wrote it are stored without its id', () => {
  const long = {
    ...good,
    addresses: [`/ip4/192.168.7.1/tcp/40001/p2p/${from}`, `/ip4/192.168.7.2/tcp/1/p2p/${founder.peer}`]
  }
  assert.equal(readTicket(writeTicket(long)).addresses, ['/ip4/192.168.7.1/tcp/40001', long.addresses[1]])
})

test('a ticket gives a proof of membership while no admin is present', () => {
  const peer = newSigner()
  const read = readTicket(writeTicket({ ...good, ...ticketOf(founder, { role: 'agent', name: 'rack-7' }) }))
  const proof = acceptTicket(read, peer.peer, NOW)
  assert.equal([read.mesh, proof.peer, proof.role, proof.invited?.name], [founder.mesh, peer.peer, 'agent', 'rack-7'])
})

test('the ticket of an admin other than the founder contains the proof of that admin', () => {
  const [admin, peer] = [newSigner(), newSigner()]
  const issuer = issuerOf(founder.mesh, admin, proofOf(founder, admin.peer, { role: 'admin' }))
  const proof = acceptTicket(readTicket(writeTicket(ticketOf(issuer))), peer.peer, NOW)
  assert.equal(proof.issuers, [admin.peer, founder.peer])
})

test('a ticket is short enough to copy', () => {
  const length = writeTicket({ ...ticketOf(founder), from: founder.peer }).length
  assert.ok(length < 800, `${length} letters`)
})

const unsigned: Array<[title: string, ticket: () => Ticket]> = [
  ['whose invitation a stranger signed', () => ({ ...ticketOf({ ...founderOf(), mesh: founder.mesh }) })],
  ['with the key of another invitation', () => ({ ...good, key: ticketOf(founder).key })]
]
for (const [title, ticket] of unsigned) {
  test(`a ticket ${title} is refused`, () => {
    assert.throws(
      () => acceptTicket(readTicket(writeTicket(ticket())), newSigner().peer, NOW),
      (error: BakError) => error.code === 'usage' && /no admin of mesh/.test(error.message)
    )
  })
}

test('no text breaks the reader', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String()), text => {
      assert.is(refusalOf(text)?.code, 'usage')
      assert.is(refusalOf(`bak1${text}`)?.code, 'usage')
    }),
    { numRuns: 2_000 }
  )
})

test('the refusal does not show the ticket: it holds the secret', () => {
  const text = writeTicket(good).slice(0, -3)
  assert.not.match(refusalOf(text)?.message ?? '', text.slice(20, 60))
})

test.run()
