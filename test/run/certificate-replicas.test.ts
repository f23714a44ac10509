import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../node/log.ts'
import { CertificateReplicas } from '../../node/run/certificate-replicas.ts'
import { gatherCertificates } from '../../node/run/describe.ts'
import { RunFeed } from '../../node/run/run-feed.ts'
import { encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, seal } from '../../protocols/envelope.ts'
import { type ClosedPhase, type Notice, noticeSubject } from '../../protocols/notice.ts'
import { certificateSubject } from '../../protocols/phase.ts'
import { certificate, controller, member, notice, run } from '../protocols/samples.ts'

const test = suite('certificates that are held by members')

const certified = [1, 2, 3].map(seq => seal(certificateSubject, { ...certificate, seq }, controller))
const digest = (sealed: Envelope) => digestOf(encode(sealed))
const phases = certified.map(
  (sealed, i): ClosedPhase => ({ ...(notice.phases[0] as ClosedPhase), seq: i + 1, certificate: digest(sealed) })
)

/** A member that hears notices, and fetches from a controller that has `given`. */
function memberOf(given: Envelope[] = certified) {
  const asked: string[] = []
  const gossip = { subscribe: () => {}, publish: () => {} }
  const init = { mesh: 'm', log: createLog('error', () => {}) }
  const follow = new RunFeed({ gossip, authority: { roleOf: () => 'controller' as const } } as never, init)
  const content = {
    get: async (wanted: string, from: string[]) => {
      asked.push(`${certified.findIndex(each => digest(each) === wanted) + 1} of ${from.join()}`)
      const found = given.find(each => digest(each) === wanted)
      if (found == null) throw new Error('not here')
      return encode(found)
    }
  }
  const holding = new CertificateReplicas({ follow, content: content as never }, { log: init.log, self: member.peer })
  holding.start()
  const learn = async (change: Partial<Notice>) => {
    const value = { ...notice, phases, ...change }
    follow.say({
      type: 'notice',
      signed: { by: controller.peer, value, envelope: seal(noticeSubject, value, controller) }
    })
    // it waits for what comes over the stream first
    await sleep(1_100)
  }
  return { follow, learn, asked, held: () => [...(follow.get(run)?.held.keys() ?? [])] }
}

test('a member that is to hold certificates fetches those that did not come over its stream', async () => {
  const { follow, learn, asked, held } = memberOf()
  await learn({ phases: [], holders: [] })
  follow.hold(run, certified[1] as Envelope)
  await learn({ holders: [member.peer] })
  assert.equal(asked, [`1 of ${controller.peer}`, `3 of ${controller.peer}`])
  assert.equal(held().sort(), certified.map(digest).sort())
})

test('a member that is to hold none fetches none', async () => {
  const { learn, asked, held } = memberOf()
  await learn({ holders: [controller.peer] })
  assert.equal([asked, held()], [[], []])
})

test('a controller that does not give one is not asked for the rest', async () => {
  const { learn, asked, held } = memberOf([])
  await learn({ holders: [member.peer] })
  assert.equal(asked.length, 1)
  assert.equal(held(), [])
})

test('proofs are gathered from the holders until they are whole, in order, and only those that were told of', async () => {
  const [one, two, three] = certified as [Envelope, Envelope, Envelope]
  const stray = seal(certificateSubject, { ...certificate, seq: 9 }, controller)
  const asked: string[] = []
  const ask = async (holder: string) => {
    asked.push(holder)
    if (holder === 'silent') throw new Error('no answer')
    const certificates = holder === 'has one' ? [stray, one] : [two]
    return { run, controller: controller.peer, certificates }
  }
  const followed = { closed: phases, held: new Map([[digest(three), three]]) }
  const holders = new Set(['silent', 'has one', 'has two', 'not needed'])
  assert.equal(await gatherCertificates({ ...followed, holders }, ask), [one, two, three])
  assert.equal(asked, ['silent', 'has one', 'has two'])
  assert.equal(await gatherCertificates({ ...followed, holders: new Set(['silent']) }, ask), [three])
})

test.run()
