/** Asks peers whether they can run tools now; and the control call `check`. */
import { checkToolsProtocol } from '../../protocols/check-tools.ts'
import type { CallInput, CallResponse, HandlerOptions } from '../../protocols/control.ts'
import { describeToolsProtocol } from '../../protocols/describe-tools.ts'
import { asBakError } from '../../protocols/errors.ts'
import { cutText } from '../../protocols/fields.ts'
import type { Candidate } from '../../protocols/manifest.ts'
import type { Spec } from '../../protocols/spec.ts'
import { askOne } from '../../protocols/stream.ts'
import { MAX_TARGETS } from '../../protocols/tasks/operation.ts'
import { originsOf } from '../../protocols/tasks/operations-of.ts'
import { eachLimited } from '../limit.ts'
import { checkOwnPermission } from '../mesh/permissions.ts'
import type { Parts } from '../parts.ts'
import { attendanceOf, whyAbsent } from '../run/attendance.ts'
import type { Checked } from '../run/forecast.ts'
import { broughtByTasks } from '../work/brought-by-run.ts'

/** Peers that are asked at the same time. */
const CONCURRENCY = 32

/** @param spec says what the workloads are @returns what each peer answered, by its id; one that cannot be reached does not prevent the others */
export async function askTools(
  { streams }: Pick<Parts, 'streams'>,
  peers: Array<Pick<Candidate, 'peer' | 'tools' | 'workloads' | 'load'>>,
  signal: AbortSignal,
  spec?: Spec
): Promise<Map<string, Checked>> {
  const askPeer = async ({ peer, tools, workloads: placements = [], load }: (typeof peers)[number]) => {
    const workloads =
      spec == null || (placements.length === 0 && load == null)
        ? undefined
        : { ...askedOf(spec), placements, clients: load == null ? undefined : clientsAsked(spec) }
    const asked = askOne(streams.to(peer), checkToolsProtocol, { tools, workloads }, { signal })
    const answer: Checked = await asked.catch(cause => ({ error: asBakError(cause).message.slice(0, 1024) }))
    return [peer, answer] as const
  }
  return new Map(await Promise.all(eachLimited(peers, CONCURRENCY, askPeer)))
}

const askedOf = ({ workload, iterations, stage }: Spec) => ({ workload, iterations, stage })

function clientsAsked(spec: Spec) {
  const { commands, isStaged = false } = broughtByTasks(spec)
  return { commands, isStaged, origins: originsOf(spec).slice(0, MAX_TARGETS) }
}

/** Every member may ask: it says what the records of the members say, and more of it. */
export async function* describeTools(
  { streams, members }: Parts,
  { on = 'all', tool }: CallInput<'describe-tools'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'describe-tools'>> {
  const { here, absent } = attendanceOf(on, members.list())
  const answers = eachLimited(here, CONCURRENCY, async ({ peer, shown: name }) => {
    try {
      return { name, peer, ...(await askOne(streams.to(peer), describeToolsProtocol, { tool }, { signal })) }
    } catch (cause) {
      return { name, peer, tools: [], damaged: [], error: cutText(asBakError(cause).message) }
    }
  })
  for (const answer of answers) yield await answer
  for (const each of absent) yield { name: each.name, tools: [], damaged: [], error: whyAbsent(each) }
}

/** Also says which peers were asked for and are not here. */
export async function* check(
  parts: Parts,
  { on = 'all', tools }: CallInput<'check'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'check'>> {
  const { here, absent } = attendanceOf(on, parts.members.list())
  checkOwnPermission(parts.authority, parts.identity.peer, 'drive')
  const answers = await askTools(
    parts,
    here.map(({ peer }) => ({ peer, tools })),
    signal
  )
  for (const { peer, shown: name } of here) {
    const answer = answers.get(peer)
    if (answer != null && 'tools' in answer) {
      // a refusal of one tool stands with that tool
      const error = answer.tools.every(({ usable }) => usable) ? answer.refused : undefined
      yield { name, peer, tools: answer.tools, error }
    } else yield { name, peer, tools: [], error: answer?.error }
  }
  for (const each of absent) yield { name: each.name, tools: [], error: whyAbsent(each) }
}
