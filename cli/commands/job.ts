/** `bak job`: graphs of jobs in run files, and the jobs of runs; a file a command in job/. */
import type { Command } from 'commander'
import { addExamples } from '../command.ts'
import { defineDeps } from './job/deps.ts'
import { defineLog } from './job/log.ts'
import { defineList } from './job/ls.ts'
import { defineRun } from './job/run.ts'
import { defineShow } from './job/show.ts'
import { defineSources } from './job/sources.ts'
import { defineTree } from './job/tree.ts'

export function define(command: Command): void {
  defineRun(command.command('run').description('start a run of the jobs of a file and follow it to its end'))
  defineTree(command.command('tree').description('the graph of the jobs of a file; nothing is run'))
  defineDeps(command.command('deps').description('what a job of a file needs, or what needs it'))
  defineList(command.command('ls').description('the jobs of a run, or of all runs, and what became of them'))
  defineShow(command.command('show').description('one job: script, variables, inputs, outputs, attempts'))
  defineLog(command.command('log').description('what a job wrote, or writes just now'))
  defineSources(command.command('sources').description('inputs of a file that are fetched from addresses'))
  addExamples(command, {
    'bak job tree build.toml': 'what needs what',
    'bak job deps --reverse lib build.toml': 'what would run again if lib changed',
    'bak job run build.toml': 'as bak run build.toml',
    'bak job ls': 'what became of each',
    'bak job log lib --follow': 'what it writes, on whichever member'
  })
}
