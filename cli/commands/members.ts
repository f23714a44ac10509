import type { Command } from 'commander'
import type { MemberView } from '../../protocols/control.ts'
import { callDaemon } from '../../protocols/control-http.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { formatAge, formatBytes, formatLabels, formatTable } from '../format.ts'
import { writeTo } from '../output.ts'
import { parsePair } from '../spec-flags.ts'

interface Options {
  watch?: boolean
  on?: string
  label?: Record<string, string>
}

export function define(command: Command): void {
  addFlag(command, '--watch', 'again at every change')
  addFlag(command, '--on <selector>', 'only these')
  addFlag(command, '--label <key=value>', 'only those with this label, repeatable', option =>
    option.argParser(parsePair)
  )
  addExamples(command, {
    'bak members --label role=db': 'who has the label',
    'bak members --watch --json': 'a line at every change'
  })
  setAction(command, act)
}

async function act({ socket, json }: Context, { watch, on, label = {} }: Options): Promise<void> {
  const show = await chooseShow(json, watch)
  for await (const { members } of callDaemon(socket, 'members', { on, watch })) {
    await show(members.filter(({ labels }) => Object.entries(label).every(([key, value]) => labels[key] === value)))
    if (!watch) return
  }
}

/** A table that is redrawn in place where somebody watches it. */
async function chooseShow(json: boolean, watch = false): Promise<(members: MemberView[]) => Promise<void>> {
  const print = (text: string) => writeTo(process.stdout, `${text}\n`)
  if (json) return members => print(JSON.stringify({ members }))
  if (!watch || !process.stdout.isTTY) return members => print(formatMembers(members, Date.now()))
  const block = (await import('../block.ts')).createBlock(process.stdout)
  return async members => block.draw(formatMembers(members, Date.now()))
}

export function formatMembers(members: MemberView[], now: number): string {
  const head = ['NAME', 'ROLE', 'STATE', 'PATH', 'TOOLS', 'CORES', 'MEMORY', 'OS', 'VERSION', 'LABELS', 'AGE']
  const rows = members.map(({ shown, role, state, path, tools, cores, memory, os, program, labels, since }) => [
    shown,
    role,
    state,
    path,
    `${tools.filter(({ usable }) => usable).length}/${tools.length}`,
    cores,
    formatBytes(memory),
    os,
    program,
    formatLabels(labels),
    formatAge(now - since)
  ])
  return formatTable(head, rows)
}
