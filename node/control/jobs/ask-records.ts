/** Asks peers what they know of jobs: one, or many at once, where those that do not answer are named and keep no other back. */
import type { MemberView } from '../../../protocols/control.ts'
import { asBakError, BakError, type ErrorCode } from '../../../protocols/errors.ts'
import { cutText } from '../../../protocols/fields.ts'
import {
  type JobRecordsRequest,
  type JobRecordsResponse,
  jobRecordsProtocol
} from '../../../protocols/jobs/job-records.ts'
import { Queue } from '../../../protocols/queue.ts'
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
type AnswerTo = { provenance: 'results' } & { [K in Exclude<Kind, 'provenance'>]: K }
export type Answer<K extends Kind> = Extract<JobRecordsResponse, { type: AnswerTo[K] }>

export interface Answered<K extends Kind> {
  peer: string
  name: string
  answers: Answer<K>[]
}

export interface Silent {
  peer: string
  name: string
  reason: string
}

interface Told<K extends Kind> {
  member: { peer: string; name: string }
  answers: Answer<K>[]
  error?: { code: ErrorCode; error: string }
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

/** @throws {BakError} the reason of the signal @returns both in the order in which the members are given */
export async function askAll<K extends Kind>(
  parts: Asking,
  members: ReadonlyArray<Pick<MemberView, 'peer' | 'shown'>>,
  request: Asked<K>,
  signal: AbortSignal
): Promise<{ told: Answered<K>[]; silent: Silent[] }> {
  const all = new Map<string, Answered<K> | Silent>()
  for await (const { member, answers, error } of askEach(parts, members, request, signal))
    all.set(member.peer, error == null ? { ...member, answers } : { ...member, reason: error.error })
  const inOrder = members.flatMap(({ peer }) => all.get(peer) ?? [])
  return {
    told: inOrder.filter(each => 'answers' in each),
    silent: inOrder.filter(each => 'reason' in each)
  }
}

/** @returns what each says, as they answer; `error` where it does not @throws {BakError} the reason of the signal */
export async function* askEach<K extends Kind>(
  parts: Asking,
  members: ReadonlyArray<Pick<MemberView, 'peer' | 'shown'>>,
  request: Asked<K>,
  signal: AbortSignal
): AsyncGenerator<Told<K>> {
  const limit = new Limit({ total: CONCURRENCY })
  const said = new Queue<Told<K>>(members.length + 1)
  const all = members.map(({ peer, shown: name }) =>
    limit.run(peer, async () => {
      const member = { peer, name }
      const told = await askRecords(parts, peer, request, signal).then(
        answers => ({ member, answers }),
        cause => ({ member, answers: [], error: failureOf(cause) })
      )
      said.offer(told)
    })
  )
  void Promise.all(all).then(() => said.end())
  for (let next = await said.take(); next !== undefined; next = await said.take()) {
    signal.throwIfAborted()
    yield next
  }
}

function failureOf(cause: unknown): { code: ErrorCode; error: string } {
  const { code, message } = asBakError(cause)
  return { code, error: cutText(message) }
}

/** @returns the peers that are here, this one first */
export function peersHere({ members, identity }: Pick<Parts, 'members' | 'identity'>): MemberView[] {
  const here = members.list().filter(isHere)
  const isSelf = ({ peer }: MemberView) => Number(peer === identity.peer)
  return here.sort((a, b) => isSelf(b) - isSelf(a))
}
