/** What a run takes from its members, and what it does with news of that. */
import { BakError } from '../../protocols/errors.ts'
import type { RosterEntry } from '../../protocols/manifest.ts'
import { MAX_SENT, type RunRecord } from '../../protocols/record.ts'
import type { Driver } from './driver.ts'
import { refusalOfOffer } from './expected-offer.ts'
import type { Reception } from './receiver.ts'

/** @returns the reception of a run that is driven here */
export function receptionOf(driver: Driver): Reception {
  const { folder, record, order } = driver.run
  const expected = expectationOf(record)
  return {
    ...expected,
    folder,
    transfers: order.spec.policy.transfers,
    nameOf: peer => driver.run.nameOf(peer),
    check(peer, offer) {
      driver.checkSender(peer)
      expected.check(peer, offer)
    },
    onWait: peer => driver.onWait(peer),
    onProgress: (peer, offer, done) => driver.onProgress(peer, offer, done),
    onRefused: (peer, offer, reason) => driver.onRefused(peer, offer, reason),
    onReceived: (peer, offer, transfer) => driver.onReceived(peer, offer, transfer)
  }
}

/** @returns what the record of a run says of the tarballs that are still to come */
export function expectationOf(record: RunRecord): Pick<Reception, 'check' | 'room'> {
  let roster = new Map<string, RosterEntry>()
  return {
    check(peer, offer) {
      // it is frozen once `join` is over
      if (roster.size !== record.roster.length) roster = new Map(record.roster.map(entry => [entry.peer, entry]))
      const why = refusalOfOffer(offer, roster.get(peer), record)
      if (why != null) throw new BakError('not-allowed', `${record.run} takes no such tarball: ${why}`)
    },
    room: () => MAX_SENT - record.sent.length
  }
}
