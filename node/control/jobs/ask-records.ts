/** Asks peers what they know of jobs: one, or many at once, where those that do not answer are named and keep no other back. */
import type { MemberView } from '../../../protocols/control.ts'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import { cutText } from '../../../protocols/fields.ts'
import { type JobRecordsRequest, type JobRecordsResponse, jobRecordsProtocol } from '../../../protocols/jobs/job-records.ts'
import { ask } from '../../../protocols/stream.ts'
import { Limit } from '../../limit.ts'
import type { Parts } from '../../parts.ts'
import { isHere } from '../mesh.ts'

/** Peers that are asked at the same time. */
const CONCURRENCY = 32
/** Longest wait for all that one peer says, ms; of a log there is none. */
const TIMEOUT_MS = 20_000

type Kind = Exclude<JobRecordsRequest['type'], 'log' | 'more'>
/** What is asked, and what is told. */
export type Asked<K extends Kind> = Extract<JobRecordsRequest, { type: K }>
type Told = { provenance: 'results' } & { [K in Exclude<Kind, 'provenance'>]: K }
export type Answer<K extends Kind> = Extract<JobRecordsResponse, { type: Told[K] }>

export interface Answered<K extends Kind> {
  peer: string
  name: string
  answers: Answer<K>[]
}

export interface Silent {
  peer: string
  name: string
  reason: string
  error: BakError
}

type Asking = Pick<Parts, 'streams'>

/** @throws {BakError} what the peer says, `unreachable`, `timeout` */
export async function askRecords<K extends Kind>(
  { streams }: Asking,
  peer: string,
  request: Asked<K>,
  signal: AbortSignal
): Promise<Answer<K>[]> {
  const late = AbortSignal.timeout(TIMEOUT_MS)
  const answers: Answer<K>[] = []
  try {
    const told = ask(streams.to(peer), jobRecordsProtocol, request, { signal: AbortSignal.any([signal, late]) })
    for await (const each of told) answers.push(each as Answer<K>)
  } catch (cause) {
    signal.throwIfAborted()
    if (late.aborted) throw new BakError('timeout', `no answer within ${TIMEOUT_MS / 1000} s`, { cause })
    throw cause
  }
  return answers
}

/** @throws {BakError} the reason of the signal */
export async function askAll<K extends Kind>(
  parts: Asking,
  members: Array<Pick<MemberView, 'peer' | 'shown'>>,
  request: Asked<K>,
  signal: AbortSignal
): Promise<{ told: Answered<K>[]; silent: Silent[] }> {
  const limit = new Limit({ total: CONCURRENCY })
  const told: Answered<K>[] = []
  const silent: Silent[] = []
  await Promise.all(
    members.map(({ peer, shown: name }) =>
      limit.run(peer, async () => {
        try {
          told.push({ peer, name, answers: await askRecords(parts, peer, request, signal) })
        } catch (cause) {
          const error = asBakError(cause)
          silent.push({ peer, name, reason: cutText(error.message), error })
        }
      })
    )
  )
  signal.throwIfAborted()
  const inOrder = new Map(members.map(({ peer }, at) => [peer, at]))
  const byOrder = (a: { peer: string }, b: { peer: string }) =>
    (inOrder.get(a.peer) ?? 0) - (inOrder.get(b.peer) ?? 0)
  return { told: told.sort(byOrder), silent: silent.sort(byOrder) }
}

/** @returns the peers that are here, this one first */
export function peersHere({ members, identity }: Pick<Parts, 'members' | 'identity'>): MemberView[] {
  const here = members.list().filter(isHere)
  const isSelf = ({ peer }: MemberView) => Number(peer === identity.peer)
  return here.sort((a, b) => isSelf(b) - isSelf(a))
}
