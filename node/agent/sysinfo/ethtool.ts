/** What ethtool says of each physical interface: offloads, rings, coalescing, channels. */
import { existsSync } from 'node:fs'
import { findProgram } from '../../tools/find-program.ts'
import { ask, type CollectContext, type Collector, list, pairsOf } from './collector.ts'

const SYS = '/sys/class/net'
const MAX_INTERFACES = 32
const QUESTIONS = {
  features: '--show-features',
  rings: '--show-ring',
  coalescing: '--show-coalesce',
  channels: '--show-channels',
  pause: '--show-pause'
}

export const ethtool: Collector = {
  deadline: 10_000,
  async collect(context) {
    if ((await findProgram('ethtool')) == null)
      return context.lacks('ethtool is not on PATH; network.json has what /sys says')
    const names = (await list(SYS)).filter(name => existsSync(`${SYS}/${name}/device`))
    if (names.length > MAX_INTERFACES) context.cut(`the first ${MAX_INTERFACES} of ${names.length} interfaces`)
    const each = names.slice(0, MAX_INTERFACES).map(async name => [name, await describe(name, context)] as const)
    return Object.fromEntries(await Promise.all(each))
  }
}

/** A driver answers some of the questions only. */
async function describe(name: string, context: CollectContext) {
  const answers = Object.entries(QUESTIONS).map(async ([key, flag]) => {
    const text = await ask('ethtool', [flag, name], context).catch(() => undefined)
    return [key, text == null ? undefined : pairsOf(text.split('\n').slice(1).join('\n'))] as const
  })
  return Object.fromEntries(await Promise.all(answers))
}
