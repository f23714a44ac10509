/** Who speaks for a run: one pure decision, asked wherever a command, an answer or a record claims to be of its controller. */

/** The peer that leads a run, and how often the lead changed. */
export interface Lead {
  by: string
  /** 1 for the peer that started the run; one more with each adoption. */
  epoch: number
}

/** A verified adoption: the members of the run agreed that this peer leads from this epoch on. */
export interface Adoption {
  by: string
  epoch: number
}

export interface LeadClaim extends Lead {
  adoption?: Adoption
}

/**
 * `current`: the known lead. `newer`: a later epoch, with the adoption that made it. `older`: an earlier epoch. `foreign`: another peer
 * in the known epoch, or a later epoch that no adoption proves.
 */
export type LeadVerdict = 'current' | 'newer' | 'older' | 'foreign'

export function judgeLead(known: Lead, { by, epoch, adoption }: LeadClaim): LeadVerdict {
  if (epoch < known.epoch) return 'older'
  if (epoch === known.epoch) return by === known.by ? 'current' : 'foreign'
  return adoption?.by === by && adoption.epoch === epoch ? 'newer' : 'foreign'
}

/** @returns the code and the sentence with which a claim that is not `current` is refused; undefined for the current lead */
export function refusalOfLead(
  known: Lead,
  claim: LeadClaim
): { code: 'old-epoch' | 'not-the-controller'; reason: string } | undefined {
  const verdict = judgeLead(known, claim)
  if (verdict === 'current') return undefined
  if (verdict === 'foreign' && claim.by !== known.by) {
    return { code: 'not-the-controller', reason: `${known.by} leads this run, not ${claim.by}` }
  }
  return { code: 'old-epoch', reason: `epoch ${claim.epoch} is not ${known.epoch}` }
}
