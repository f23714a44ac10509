/** `bak rm`: deletes results that are here. */
import type { Command } from 'commander'
import { addExamples, type Context, setAction } from '../command.ts'

export function define(command: Command): void {
  command.argument('<run...>', 'parts of run ids, or last')
  addExamples(command, {
    'bak rm k3f9ab': 'deletes the folder of its result on this peer; copies on other peers stay',
    'bak gc': 'deletes what is left of runs that are over, and no results'
  })
  setAction(command, act)
}

async function act({ json, ask, print }: Context, _: object, ...runs: string[]): Promise<void> {
  for (const each of runs.flat()) {
    const { run, at } = await ask('rm', { run: each })
    const what = at == null ? 'deleted' : `forgotten here; its result is still at ${at}`
    await print(json ? JSON.stringify({ run, at }) : `run ${run} ${what}`)
  }
}
