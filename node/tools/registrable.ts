/** Which of the tools that somebody wants to register can run on this machine: of a set what can, by itself only if it can. */
import { asBakError } from '../../protocols/errors.ts'
import { cutText } from '../../protocols/fields.ts'
import type { Availability, RegisterRequest, Registration } from '../../protocols/hello.ts'
import type { Assignment } from '../../protocols/manifest.ts'
import { expandTools, isToolset } from '../../protocols/spec.ts'
import type { Catalogue } from './catalogue.ts'

interface Asked {
  group: string
  /** Also what cannot run now. */
  force?: boolean | undefined
  /** The tools of this machine. */
  catalogue: Pick<Catalogue, 'check'>
  /** @throws {BakError} `not-allowed` if whoever asks may not have these tools run here */
  check(tools: Assignment[]): Promise<void> | undefined
}

/**
 * @returns what is to be registered, and for each tool that was asked for whether it can run here
 * @throws {BakError} as `check` does for a tool by itself, and for a set of which nothing is allowed; `usage` for an unknown tool and wrong options
 */
export async function registrable(
  add: RegisterRequest['add'],
  { group, force, check, catalogue }: Asked
): Promise<{ added: Registration[]; tools: Availability[] }> {
  const single = add.filter(each => !isSet(each)).map(each => ({ group, ...each }))
  const ofSets = add
    .filter(isSet)
    .flatMap(({ tool, ...rest }) => expandTools([tool]).map(name => ({ group, tool: name, ...rest })))
  await check(single.map(assignmentOf))
  const tools = await Promise.all(
    single.map(({ tool, ...rest }) => catalogue.check(tool, assignmentOf({ tool, ...rest }).options))
  )
  const judged = await Promise.all(ofSets.map(each => judge(each, { check, catalogue })))
  const refused = judged.find(({ refusal }) => refusal != null)
  // whoever may have nothing of a set is told why
  if (refused != null && single.length === 0 && judged.every(({ refusal }) => refusal != null)) throw refused.refusal
  const all = [...tools, ...judged.map(({ found }) => found)]
  const wanted = [...single, ...ofSets]
  const isWanted = (i: number) => all[i]?.usable || (force && judged[i - single.length]?.refusal == null)
  // a tool that is named by itself and in a set has the options that it got by itself
  const added = wanted.filter((each, i) => isWanted(i) && wanted.findIndex(({ tool }) => tool === each.tool) === i)
  return { added, tools: all.filter((each, i) => all.findIndex(({ tool }) => tool === each.tool) === i) }
}

/** A command makes a tool of its own of any name. */
const isSet = ({ tool, command }: Pick<Registration, 'tool' | 'command'>) => command == null && isToolset(tool)

/** Of a set: nothing about one tool keeps the others from being registered. */
async function judge(
  each: Registration,
  { check, catalogue }: Pick<Asked, 'check' | 'catalogue'>
): Promise<{ found: Availability; refusal?: Error }> {
  const { tool } = each
  const unusable = (cause: unknown) => ({ tool, usable: false, reason: cutText(asBakError(cause).message) })
  const assignment = assignmentOf(each)
  try {
    await check([assignment])
  } catch (cause) {
    return { found: unusable(cause), refusal: cause as Error }
  }
  return { found: await catalogue.check(tool, assignment.options).catch(unusable) }
}

/** @returns what a member is asked to run for a registration */
export function assignmentOf({ group, tool, options, command, interval, lifetime }: Registration): Assignment {
  return {
    ...{ group, tool },
    options: {
      ...(options.length === 0 ? {} : { options }),
      ...(command == null ? {} : { command }),
      ...(interval == null ? {} : { interval }),
      ...(lifetime == null ? {} : { lifetime })
    }
  }
}
