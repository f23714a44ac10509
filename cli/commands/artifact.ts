/** `bak artifact`: the files and folders that jobs made; a file a command in artifact/. */
import type { Command } from 'commander'
import { addExamples } from '../command.ts'
import { defineGet } from './artifact/get.ts'
import { defineFind, defineList } from './artifact/ls.ts'
import { defineRelease, defineRemove } from './artifact/release.ts'
import { defineShow } from './artifact/show.ts'

export function define(command: Command): void {
  defineList(command.command('ls').description('what is stored on the peers, and what made it'))
  defineShow(command.command('show').description('how one came to be, and who has it'))
  defineFind(command.command('find').description('by the name of a job, a path, a release, or a digest'))
  defineGet(command.command('get').description('write one to this machine, from whoever has it'))
  defineRelease(command.command('release').description('keep one on this peer under a name'))
  defineRemove(command.command('rm').description('take a release away, or what is stored on this peer'))
  addExamples(command, {
    'bak artifact ls --run last': 'what a run made',
    'bak artifact get last/link/app': 'app of the job link, into this folder',
    'bak artifact release last/link/app app-1.2': 'stays when the run is over, whatever else is stored',
    'bak artifact get app-1.2 -o /usr/local/bin/app': 'on any peer of the mesh',
    'bak artifact show app-1.2': 'job, member, inputs, run'
  })
}
