/** `bak job tree`: the graph of the jobs of a file, each below those that need it. */
import type { Command } from 'commander'
import { addExamples, addFlag, type Context, setAction } from '../../command.ts'
import { drawJobTree, formatJobDot, jobNodes } from '../../views/job-tree.ts'
import { addEnvFlag, jobsOfFile } from './jobs-of-file.ts'

interface Options {
  env?: Record<string, string>
  dot?: boolean
}

export function defineTree(command: Command): void {
  command.argument('<file>', 'a run file with jobs')
  addFlag(command, '--dot', 'for graphviz')
  addEnvFlag(command)
  addExamples(command, {
    'bak job tree build.toml': 'without a daemon',
    'bak job tree build.toml --dot | dot -Tsvg > build.svg': 'as a picture'
  })
  setAction(command, act)
}

async function act({ json, print, printLines }: Context, { dot = false, env }: Options, file = ''): Promise<void> {
  const jobs = jobsOfFile(file, env)
  if (json) for (const node of jobNodes(jobs)) await print(JSON.stringify(node))
  else await printLines(dot ? formatJobDot(jobs) : drawJobTree(jobs))
}
