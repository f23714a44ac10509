/** `bak members`: lists the peers of the mesh, or compares them with an expected list. */
import type { Command } from 'commander'
import type { MemberView } from '../../protocols/control.ts'
import { callDaemon } from '../../protocols/control-http.ts'
import { BakError, exitStatus } from '../../protocols/errors.ts'
import { formatNote, formatTable } from '../../protocols/text-table.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { compare, formatDifference, readExpected } from '../expected.ts'
import { formatAge, formatBytes, formatLabels } from '../format.ts'
import { cleanLine, writeTo } from '../output.ts'
import { parsePair } from '../spec-flags.ts'

interface Options {
  watch?: boolean
  on?: string
  label?: Record<string, string>
  expected?: string
  orphans?: boolean
  slots?: boolean
}

export function define(command: Command): void {
  addFlag(command, '--watch', 'print again at every change')
  addFlag(command, '--on <selector>', 'only these members')
  addFlag(command, '--label <key=value>', 'only members with this label, repeatable', parsePair)
  addFlag(command, '--expected <file>', 'compare with a list: names or peer ids, one a line')
  addFlag(command, '--orphans', 'what members still have of runs that are over')
  addFlag(command, '--slots', 'slots for jobs: how many each member has, and which runs take them')
  addExamples(command, {
    'bak members --label role=db': 'members with the label',
    'bak members --watch --json': 'a line at every change',
    'bak members --orphans': 'data that nobody has collected: bak collect RUN where the result is, or bak gc there',
    'bak members --expected hosts.txt': 'missing and unexpected members; exits with 66 if there are any'
  })
  setAction(command, act)
}

async function act(context: Context, options: Options): Promise<number | void> {
  const { socket, json, ask, print, printLines } = context
  const { watch, on, label = {}, expected, orphans, slots } = options
  if (orphans) return showOrphans(context)
  if (slots) return (await import('../member-slots.ts')).showSlots(context, { on, watch, label })
  if (expected != null) {
    if (watch) throw new BakError('usage', '--expected does not go with --watch')
    const names = readExpected(expected)
    const difference = compare(names, withLabels((await ask('members', { on })).members, label))
    await (json ? print(JSON.stringify(difference)) : printLines(formatDifference(difference)))
    return difference.missing.length + difference.unexpected.length > 0 ? exitStatus['no-such-peer'] : 0
  }
  const show = await chooseShow(context, watch)
  if (!watch) return show(withLabels((await ask('members', { on })).members, label))
  for await (const { members } of callDaemon(socket, 'members', { on, watch })) await show(withLabels(members, label))
}

async function showOrphans({ socket, json, print, printLines }: Context): Promise<number> {
  const rows: (string | number)[][] = []
  let failed = 0
  for await (const answer of callDaemon(socket, 'leftovers', {})) {
    const { name, leftovers, error } = answer
    if (json) await print(JSON.stringify(answer))
    if (error != null) failed++
    if (error != null && !json) await writeTo(process.stderr, `${name} did not answer: ${cleanLine(error)}\n`)
    for (const { kind, run, files, bytes, since, folder } of leftovers)
      rows.push([name, run, kind, files, formatBytes(bytes), formatAge(Date.now() - since), folder])
  }
  if (!json) await printLines(formatTable(['NAME', 'RUN', 'KIND', 'FILES', 'BYTES', 'AGE', 'FOLDER'], rows))
  return failed === 0 ? 0 : exitStatus.unreachable
}

const withLabels = (members: MemberView[], label: Record<string, string>) =>
  members.filter(({ labels }) => Object.entries(label).every(([key, value]) => labels[key] === value))

/** On a terminal, a table that is redrawn in place. */
async function chooseShow(
  { json, print, printLines }: Context,
  watch = false
): Promise<(members: MemberView[]) => Promise<void>> {
  if (json) return members => print(JSON.stringify({ members }))
  if (!watch || !process.stdout.isTTY) return members => printLines(formatMembers(members, Date.now()))
  const block = (await import('../block.ts')).createBlock(process.stdout)
  return async members => block.draw(formatMembers(members, Date.now()))
}

function formatMembers(members: MemberView[], now: number): string {
  const head = ['NAME', 'ROLE', 'STATE', 'PATH', 'TOOLS', 'CORES', 'MEMORY', 'OS', 'VERSION', 'AGE', 'LABELS']
  const names = members.map(({ shown }) => shown)
  // a peer that is lost may have the name of one that is here
  const nameOf = ({ shown, peer }: MemberView) =>
    names.indexOf(shown) === names.lastIndexOf(shown) ? shown : `${shown}#${peer.slice(-6)}`
  const rows = members.map(member => {
    const { role, state, path, tools, cores, memory, os, program, labels, since } = member
    return [
      nameOf(member),
      role,
      state,
      path,
      `${tools.filter(({ usable }) => usable).length}/${tools.length}`,
      cores,
      formatBytes(memory),
      os,
      program,
      formatAge(now - since),
      formatLabels(labels)
    ]
  })
  const twins = members
    .filter(({ twin }) => twin)
    .map(({ shown }) =>
      formatNote(`${shown}: two daemons have its key, as a home was copied; bak-node status there says what to do`)
    )
  return [formatTable(head, rows), ...twins].join('\n')
}
