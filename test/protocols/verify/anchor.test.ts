/** By whom a result is proven, to the reader who names a mesh or a peer. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { seal } from '../../../protocols/envelope.ts'
import { membershipSubject, type Role, writeProof } from '../../../protocols/membership.ts'
import type { RunRecord } from '../../../protocols/record.ts'
import { type Anchor, checkOrigin } from '../../../protocols/verify/anchor.ts'
import type { Report } from '../../../protocols/verify/report.ts'
import { newSigner } from '../../helpers/streams.ts'

const test = suite('who sealed a result')
const [founder, c, b, other] = [newSigner(), newSigner(), newSigner(), newSigner()]
const HOUR = 3_600_000

/** @param from and @param to in hours after the run was created */
const proofOf = (peer: string, role: Role, [from, to] = [-1, 1], by = founder) =>
  writeProof({
    membership: seal(
      membershipSubject,
      { mesh: by.peer, peer, role, issued: 100 * HOUR + from * HOUR, expires: 100 * HOUR + to * HOUR },
      by
    )
  })

const recordOf = (controller = c.peer, by = controller) =>
  ({
    ...{ run: '20261122T213015-k3f9ab', created: 100 * HOUR, ended: 100 * HOUR + 2 * HOUR },
    ...{
      controller: { peer: controller, name: 'c' },
      roster: [{ peer: b.peer, name: 'b' }],
      seal: { by, signature: '' }
    }
  }) as unknown as RunRecord

const mesh = founder.peer
const good = [proofOf(c.peer, 'controller'), proofOf(b.peer, 'agent')]

const table: Array<[string, RunRecord, Uint8Array[], Anchor, named: boolean, fault?: RegExp, unproven?: string[]]> = [
  ['nobody is named', recordOf(), good, {}, false],
  ['its peer is named', recordOf(), [], { by: c.peer }, true],
  ['another peer is named', recordOf(), [], { by: other.peer }, false, /you named/],
  ['its mesh is named', recordOf(), good, { mesh }, true],
  ['its mesh and its peer are named', recordOf(), good, { mesh, by: c.peer }, true],
  ['the founder made it', recordOf(mesh), [good[1] as Uint8Array], { mesh }, true],
  ['the reader has the proof', recordOf(), [good[1] as Uint8Array], { mesh, proofs: [good[0] as Uint8Array] }, true],
  ['another mesh is named', recordOf(), good, { mesh: other.peer }, false, /nothing proves that the controller/, ['b']],
  ['there are no proofs', recordOf(), [], { mesh }, false, /nothing proves that the controller/, ['b']],
  ['a proof is no proof', recordOf(), [Buffer.from('x'), ...good], { mesh }, true],
  [
    'an agent made it',
    recordOf(),
    [proofOf(c.peer, 'agent'), ...good.slice(1)],
    { mesh },
    false,
    /no controller of mesh \S+ but an agent/
  ],
  [
    'the proof had run out',
    recordOf(),
    [proofOf(c.peer, 'admin', [-9, -8]), ...good.slice(1)],
    { mesh },
    false,
    /was not a member/
  ],
  [
    'the proof came after the run',
    recordOf(),
    [proofOf(c.peer, 'admin', [8, 9]), ...good.slice(1)],
    { mesh },
    false,
    /was not a member/
  ],
  [
    'the proof was renewed in mid run',
    recordOf(),
    [proofOf(c.peer, 'admin', [1, 9]), ...good.slice(1)],
    { mesh },
    true
  ],
  ['nothing proves a member', recordOf(), good.slice(0, 1), { mesh }, true, undefined, ['b']],
  ['a member signed it', recordOf(c.peer, b.peer), good, { by: c.peer }, false, /sealed by \S+; the controller is/],
  [
    'who sealed it is named, and was given nothing',
    recordOf(c.peer, b.peer),
    good,
    { by: b.peer },
    false,
    /the controller is/
  ]
]

for (const [what, record, proofs, anchor, named, fault, unproven = []] of table) {
  test(what, () => {
    const report = { faults: [], unproven: [] } as unknown as Report
    checkOrigin(record, proofs, anchor, report)
    assert.is(report.origin?.named, named)
    assert.equal(
      report.unproven.map(({ path }) => path),
      unproven
    )
    if (fault == null) assert.equal(report.faults, [])
    else assert.match(report.faults.map(each => each.what).join(), fault)
  })
}

test.run()
