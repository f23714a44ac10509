/** `bak-node forget`: lets the mesh forget peers that are gone. */
import type { Command } from 'commander'
import { ask, example, print } from '../command.ts'

export function addForget(program: Command): void {
  const command = program
    .command('forget')
    .description('forget peers that are lost or have left and will not come back, in the whole mesh')
    .argument('<peers>', 'a selector of peers, such as a name or all')
    .option('--json', 'print JSON')
  command.action((peers: string) => act(command, peers))
  command.addHelpText(
    'after',
    example('bak-node forget db7', 'runs do not miss it any more; it is known again if it comes back')
  )
}

async function act(command: Command, peers: string): Promise<void> {
  const answer = await ask(command, 'forget', { peers })
  if (command.opts().json) return print(JSON.stringify(answer))
  print(`forgotten: ${answer.forgotten.map(({ name }) => name).join(', ')}`)
}
