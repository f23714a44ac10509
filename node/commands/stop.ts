/** `bak-node stop`: ends the daemon. */
import type { Command } from 'commander'
import { socketOf } from '../../protocols/default-home.ts'
import { addCommand, example, homeOf, stopDaemon } from '../command.ts'

export function addStop(program: Command): void {
  const description = 'end the daemon in order and wait for its end; at its next start it is in the mesh again'
  addCommand(program, 'stop', description, command => stopDaemon(socketOf(homeOf(command)))).addHelpText(
    'after',
    example('bak-node stop', 'as SIGTERM does, but waits')
  )
}
