import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { judgeLead, type Lead, type LeadClaim, type LeadVerdict, refusalOfLead } from '../../protocols/lead.ts'

const test = suite('who leads a run')

const known: Lead = { by: 'a', epoch: 2 }
const adoption = (by: string, epoch: number) => ({ adoption: { by, epoch } })

const claims: Array<[title: string, claim: LeadClaim, verdict: LeadVerdict, refused: string | undefined]> = [
  ['the known lead in its epoch', { by: 'a', epoch: 2 }, 'current', undefined],
  [
    'the known lead, with an adoption that it does not need',
    { by: 'a', epoch: 2, ...adoption('a', 2) },
    'current',
    undefined
  ],
  ['the known lead in an earlier epoch', { by: 'a', epoch: 1 }, 'older', 'old-epoch'],
  ['another peer in an earlier epoch', { by: 'b', epoch: 1 }, 'older', 'old-epoch'],
  ['an earlier epoch with an adoption of its own', { by: 'b', epoch: 1, ...adoption('b', 1) }, 'older', 'old-epoch'],
  ['another peer in the known epoch', { by: 'b', epoch: 2 }, 'foreign', 'not-the-controller'],
  [
    'another peer with an adoption into the known epoch',
    { by: 'b', epoch: 2, ...adoption('b', 2) },
    'foreign',
    'not-the-controller'
  ],
  ['a later epoch of another peer without an adoption', { by: 'b', epoch: 3 }, 'foreign', 'not-the-controller'],
  ['a later epoch of the known lead without an adoption', { by: 'a', epoch: 3 }, 'foreign', 'old-epoch'],
  [
    'a later epoch with the adoption of another peer',
    { by: 'b', epoch: 3, ...adoption('c', 3) },
    'foreign',
    'not-the-controller'
  ],
  [
    'a later epoch with the adoption into another epoch',
    { by: 'b', epoch: 3, ...adoption('b', 4) },
    'foreign',
    'not-the-controller'
  ],
  ['a later epoch with its adoption', { by: 'b', epoch: 3, ...adoption('b', 3) }, 'newer', 'old-epoch'],
  ['a much later epoch with its adoption', { by: 'b', epoch: 9, ...adoption('b', 9) }, 'newer', 'old-epoch'],
  [
    'a later epoch in which the known lead was adopted again',
    { by: 'a', epoch: 3, ...adoption('a', 3) },
    'newer',
    'old-epoch'
  ]
]
for (const [title, claim, verdict, refused] of claims) {
  test(`${title} is ${verdict}`, () => assert.is(judgeLead(known, claim), verdict))
  test(`${title} is ${refused == null ? 'not refused' : `refused as ${refused}`}`, () => {
    const refusal = refusalOfLead(known, claim)
    assert.is(refusal?.code, refused)
    if (refused === 'not-the-controller') assert.is(refusal?.reason, `a leads this run, not ${claim.by}`)
    if (refused === 'old-epoch') assert.is(refusal?.reason, `epoch ${claim.epoch} is not 2`)
  })
}
test.run()
