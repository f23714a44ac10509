import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encode } from '../../protocols/codec.ts'
import { BakError } from '../../protocols/errors.ts'
import { readTicket, type Ticket, writeTicket } from '../../protocols/ticket.ts'
import { newSigner } from '../helpers/streams.ts'
import { plain } from './samples.ts'

const test = suite('ticket')

const mesh = newSigner().peer
const from = newSigner().peer
const good: Ticket = {
  mesh,
  generation: 1,
  secret: new Uint8Array(32).fill(0xa5),
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

test('a ticket that is written and read is what it was, with blanks around it too', () => {
  const ticket = fc.record({
    mesh: fc.constant(mesh),
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

test('a ticket that is cut off anywhere is refused, and the text says that a part is missing', () => {
  const text = writeTicket(good)
  for (let length = 0; length < text.length; length++) {
    const error = refusalOf(text.slice(0, length))
    assert.is(error?.code, 'usage', `the first ${length} letters passed`)
    assert.match(error?.message ?? '', /^not a ticket, or not all of it: /)
  }
})

test('a ticket that lost its beginning is refused', () => {
  const text = writeTicket(good)
  for (let lost = 1; lost < text.length; lost++) assert.is(refusalOf(text.slice(lost))?.code, 'usage')
})

const base64 = (value: unknown) => `bak1${Buffer.from(encode(value)).toString('base64url')}`
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
  ['one of a mesh that is no peer id', base64({ ...good, mesh: 'lab' })],
  ['one without the mesh', base64({ ...good, mesh: undefined })]
]
for (const [title, text] of others) {
  test(`${title} is refused`, () => assert.is(refusalOf(text)?.code, 'usage'))
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
