/** `bak-node invite`: issues a ticket. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { readDuration, showDuration } from '../../protocols/duration.ts'
import { MAX_USES, ROLES } from '../../protocols/membership.ts'
import { addCommand, ask, example, print } from '../command.ts'

export function addInvite(program: Command): void {
  addCommand(program, 'invite', 'print a ticket with which other machines join; admins only', act)
    .addOption(
      new Option('--role <role>', 'agent obeys, controller may also start runs, admin may also invite and revoke')
        .choices([...ROLES])
        .default('controller')
    )
    .option('--ttl <time>', 'how long it can be used: 30m, 24h, 7d', '24h')
    .option('--uses <n>', 'how many peers may join with it (default: any number)', readUses)
    .option('--name <name>', 'a name, which `bak-node invites` prints')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      example('bak-node invite | ssh db1 bak-node daemon join -', 'anybody with the ticket can join')
    )
}

async function act(command: Command): Promise<void> {
  const { role, ttl, uses, name, json } = command.opts()
  const invited = await ask(command, 'invite', { role, ttl: readDuration(ttl), uses, name })
  if (json) return print(JSON.stringify(invited))
  print(invited.ticket)
  const left = invited.expires - Date.now()
  if (left < readDuration(ttl) - 60_000) {
    process.stderr.write(
      `bak-node: the ticket is valid for ${showDuration(left)} only: the proof of this peer expires then\n`
    )
  }
}

function readUses(text: string): number {
  const uses = Number(text)
  if (/^\d+$/.test(text) && uses >= 1 && uses <= MAX_USES) return uses
  throw new InvalidArgumentError(`It is no number from 1 to ${MAX_USES}.`)
}
