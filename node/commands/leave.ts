import type { Command } from 'commander'
import { addCommand, example } from '../command.ts'
import { stopDaemon } from './stop.ts'

export function addLeave(program: Command): void {
  addCommand(program, 'leave', 'the same as stop', stopDaemon).addHelpText('after', example('bak-node leave', ''))
}
