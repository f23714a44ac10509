/** `bak-node invite`: issues a ticket. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { readDuration, showDuration } from '../../protocols/duration.ts'
import { MAX_USES, ROLES } from '../../protocols/membership.ts'
import { addCommand, ask, example, print } from '../command.ts'

export function addInvite(program: Command): void {
  addCommand(program, 'invite', 'print a ticket that lets other machines join; only an admin can', act)
    .addOption(
      new Option('--role <role>', 'agent obeys, controller may start runs too, admin may invite and revoke too')
        .choices([...ROLES])
        .default('controller')
    )
    .option('--ttl <time>', 'how long it can be used: 30m, 24h, 7d', '24h')
    .option('--uses <n>', 'how many peers may join with it (default: any number)', readUses)
    .option('--name <name>', 'what `bak-node invites` calls it')
    .option('--json', 'print JSON')
    .addHelpText('after', example('ssh db1 bak-node daemon join "$(bak-node invite)"', 'who has the ticket can join'))
}

async function act(command: Command): Promise<void> {
  const { role, ttl, uses, name, json } = command.opts()
  const invited = await ask(command, 'invite', { role, ttl: readDuration(ttl), uses, name })
  if (json) return print(JSON.stringify(invited))
  print(invited.ticket)
  const left = invited.expires - Date.now()
  if (left < readDuration(ttl) - 60_000) {
    process.stderr.write(
      `bak-node: it can be used for ${showDuration(left)} only: this peer's own proof runs out then\n`
    )
  }
}

function readUses(text: string): number {
  const uses = Number(text)
  if (/^\d+$/.test(text) && uses >= 1 && uses <= MAX_USES) return uses
  throw new InvalidArgumentError(`It is a number from 1 to ${MAX_USES}.`)
}
