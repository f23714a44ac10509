/** A run of one controller with one tool of its own on one member, and what came of it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Finished, Testnet } from './mesh.ts'

export interface OwnTool extends Finished {
  run: string
  /** Where its files are in the result. */
  folder: string
  /** @returns the text of one of them; '' if there is none */
  text(file: string): string
}

/** A tool runs until it is stopped. */
export const script = (line: string) => ['/bin/sh', '-c', `${line}; exec sleep 60`]

/** All that the line prints comes at once: `start` is answered at the first output, and `stop` may follow before the next. */
export const scriptAtOnce = (line: string) =>
  script(`{ ${line}; } > .out 2> .err; cat .err >&2; cat .out; rm .out .err`)

/** Writes the run file. @returns its path */
export function ownTool(net: Testnet, member: string, command: string[], more = '', options = ''): string {
  const path = join(net.folder, `own-tool-${member}.toml`)
  writeFileSync(
    path,
    `tools = ["x"]\non = "${member}"\n${more}\n[tool.x]\ncommand = ${JSON.stringify(command)}\n${options}\n`
  )
  return path
}

/** The run ends well where the member, or only the controller, takes part. */
export async function runOwnTool(
  net: Testnet,
  {
    controller,
    member,
    command,
    more,
    options,
    work = ['sleep', '0.3']
  }: { controller: string; member: string; command: string[]; more?: string; options?: string; work?: string[] }
): Promise<OwnTool> {
  const spec = ownTool(net, member, command, more, options)
  const ended = await net.bak(controller, ['run', spec, '--quorum', '1', '--', ...work])
  const runs = join(net.peer(controller).home, 'runs')
  // of two runs of one second either may be the last by name
  const run = /^run (\S+) started$/m.exec(ended.stderr)?.[1] ?? ''
  const folder = join(runs, run, `1-default/sample1/tools-default/${member}/x`)
  const text = (file: string) => (existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8') : '')
  return { ...ended, run, folder, text }
}
