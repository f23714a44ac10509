import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Content } from '../../node/artifacts/content.ts'
import { createLog } from '../../node/log.ts'
import type { Gossip } from '../../node/mesh/gossip.ts'
import { CertificateReplicas } from '../../node/run/certificate-replicas.ts'
import { gatherCertificates } from '../../node/run/describe.ts'
import { RunFeed } from '../../node/run/run-feed.ts'
import { encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, seal } from '../../protocols/envelope.ts'
import { type ClosedPhase, type Notice, noticeSubject } from '../../protocols/notice.ts'
import { certificateSubject } from '../../protocols/phase.ts'
import { fake } from '../helpers/run.ts'
import { certificate, controller, member, notice, run } from '../protocols/samples.ts'

const test = suite('certificates that members keep')

const certified = [1, 2, 3].map(seq => seal(certificateSubject, { ...certificate, seq }, controller))
const digest = (sealed: Envelope) => digestOf(encode(sealed))
const phases = certified.map(
  (sealed, i): ClosedPhase => ({ ...(notice.phases[0] as ClosedPhase), seq: i + 1, certificate: digest(sealed) })
)

/** A member that hears notices, and fetches from a controller that has `given`. */
function memberOf(given: Envelope[] = certified) {
  const asked: string[] = []
  const gossip = fake<Gossip>({ subscribe: () => {}, publish: () => {} })
  const init = { mesh: 'm', log: createLog('error', () => {}) }
  const feed = new RunFeed({ gossip, authority: { roleOf: () => 'controller' } }, init)
  const content = fake<Content>({
    get: async (wanted: string, from: string[]) => {
      asked.push(`${certified.findIndex(each => digest(each) === wanted) + 1} of ${from.join()}`)
      const found = given.find(each => digest(each) === wanted)
      if (found == null) throw new Error('not here')
      return encode(found)
    }
  })
  const replicas = new CertificateReplicas({ feed, content }, { log: init.log, self: member.peer })
  replicas.start()
  const learn = async (change: Partial<Notice>) => {
    const value = { ...notice, phases, ...change }
    feed.handle({
      type: 'notice',
      signed: { by: controller.peer, value, envelope: seal(noticeSubject, value, controller) }
    })
    // it waits for what comes over the stream first
    await sleep(1_100)
  }
  return { feed, learn, asked, kept: () => [...(feed.get(run)?.certificates.keys() ?? [])] }
}

test('a member that is to keep certificates fetches those that did not come on its stream', async () => {
  const { feed, learn, asked, kept } = memberOf()
  await learn({ phases: [], holders: [] })
  feed.keep(run, certified[1] as Envelope)
  await learn({ holders: [member.peer] })
  assert.equal(asked, [`1 of ${controller.peer}`, `3 of ${controller.peer}`])
  assert.equal(kept().sort(), certified.map(digest).sort())
})

test('a member that is to keep none fetches none', async () => {
  const { learn, asked, kept } = memberOf()
  await learn({ holders: [controller.peer] })
  assert.equal([asked, kept()], [[], []])
})

test('a controller that does not give one is not asked for the rest', async () => {
  const { learn, asked, kept } = memberOf([])
  await learn({ holders: [member.peer] })
  assert.equal(asked.length, 1)
  assert.equal(kept(), [])
})

test('certificates are fetched from the holders until all are there, in order: those that were published, and newer ones of the lead', async () => {
  const [one, two, three] = certified as [Envelope, Envelope, Envelope]
  const newer = seal(certificateSubject, { ...certificate, seq: 9 }, controller)
  const others = [
    seal(certificateSubject, { ...certificate, seq: 2, closed: certificate.closed + 1 }, controller),
    seal(certificateSubject, { ...certificate, seq: 9 }, member),
    { ...newer, body: encode({ ...certificate, seq: 10 }) }
  ]
  const asked: string[] = []
  const ask = async (holder: string) => {
    asked.push(holder)
    if (holder === 'silent') throw new Error('no answer')
    const certificates = holder === 'has one' ? [...others, newer, one] : [two]
    return { run, controller: controller.peer, certificates }
  }
  const lead = { by: controller.peer, epoch: 1 }
  const followed = { lead, closed: phases, certificates: new Map([[digest(three), three]]) }
  const holders = new Set(['silent', 'has one', 'has two', 'not needed'])
  assert.equal(await gatherCertificates({ ...followed, holders }, ask), [one, two, three, newer])
  assert.equal(asked, ['silent', 'has one', 'has two'])
  assert.equal(await gatherCertificates({ ...followed, holders: new Set(['silent']) }, ask), [three])
})

test.run()
