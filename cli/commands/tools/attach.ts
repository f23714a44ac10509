/** `bak tools attach` and `detach`: change the tools of a run that goes on. */
import type { Command } from 'commander'
import { exitStatus } from '../../../protocols/errors.ts'
import { listInWords } from '../../../protocols/list-in-words.ts'
import { addExamples, addFlag, type Context, RUN, setAction } from '../../command.ts'

/** Members that a line names. */
const MAX_NAMED = 8

export function defineAttach(command: Command): void {
  command.usage('RUN NAME [--on SELECTOR] [-- OPTIONS]')
  addFlags(command, 'in which group of tools')
  addExamples(command, {
    'bak tools attach last pidstat --on db1': 'from the next sample on',
    'bak tools attach k3f9ab pidstat -- --interval=5': 'with options'
  })
  setAction(command, change('attach'), true)
}

export function defineDetach(command: Command): void {
  command.usage('RUN NAME [--on SELECTOR]')
  addFlags(command, 'from which group of tools')
  addExamples(command, { 'bak tools detach last sar': 'from the next sample on; what it wrote is kept' })
  setAction(command, change('detach'))
}

function addFlags(command: Command, group: string): void {
  command.argument('<run>', RUN).argument('<name>', 'the tool')
  addFlag(command, '--on <selector>', 'on which of its members', { default: 'all' })
  addFlag(command, '--group <name>', group, { default: 'default' })
}

interface Options {
  on?: string
  group?: string
}

/** The exit status is 2 where some of the members that are meant do not follow. */
const change = (to: 'attach' | 'detach') =>
  async function act(context: Context, { on, group }: Options, run = '', tool = ''): Promise<number> {
    const { json, ask, print, printLines, rest = [] } = context
    const answer = await ask('change-tools', { run, tool, change: to, on, group, options: rest })
    if (json) await print(JSON.stringify(answer))
    else {
      const where = listInWords(answer.members, MAX_NAMED)
      const lines = answer.refused.map(({ member, reason }) => `not ${member}: ${reason}`)
      const done = to === 'attach' ? 'attached to' : 'detached from'
      await printLines([`${tool}: ${done} ${where}, from the next sample of ${answer.run} on`, ...lines].join('\n'))
    }
    return answer.refused.length > 0 ? exitStatus.partial : 0
  }
