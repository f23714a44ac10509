/** `bak sysinfo`: what the machines of the members are, and in what they differ; now, or when a run began or ended. */
import type { Command } from 'commander'
import { exitStatus } from '../../protocols/errors.ts'
import { factsOf } from '../../protocols/sysinfo/comparable-facts.ts'
import { compareFacts } from '../../protocols/sysinfo/differences.ts'
import { chooseItems, type ItemName, itemsOf } from '../../protocols/sysinfo/items.ts'
import { formatTable } from '../../protocols/text-table.ts'
import { addExamples, addFlag, type Context, RUN, setAction } from '../command.ts'
import { writeNotes } from '../output.ts'
import { parseItems } from '../spec-flags.ts'
import { drawDifferences } from '../sysinfo-diff.ts'
import { describeItems } from '../sysinfo-items.ts'
import { liveSysinfo, type MachineSysinfo, storedSysinfo } from '../sysinfo-source.ts'

interface Options {
  on?: string
  items?: string
  diff?: boolean
  end?: boolean
}

/** What the table of machines is made of. */
const OVERVIEW: ItemName[] = ['os', 'kernel', 'cpu', 'memory', 'virtualization', 'firmware']

export function define(command: Command): void {
  command.argument('[run]', `the machines as they were in a run: ${RUN}`)
  addFlag(command, '--on <selector>', 'which members (all); of a run: their names')
  addFlag(
    command,
    '--items <names>',
    'print these items: default, all, or names; list prints which there are',
    parseItems
  )
  addFlag(command, '--diff', 'in what the machines differ')
  addFlag(command, '--end', 'as they were at the end of the run, and not at its beginning')
  addExamples(command, {
    'bak sysinfo': 'a line for each machine',
    'bak sysinfo --diff --on role=db': 'in what these machines differ now',
    'bak sysinfo last --diff': 'in what they differed in the last run',
    'bak sysinfo --items cpu,sysctl --json | jq .': 'all of two items'
  })
  setAction(command, act)
}

async function act(context: Context, options: Options, run?: string): Promise<number> {
  const { json, print, printLines } = context
  if (options.items === 'list') {
    await printLines(describeItems())
    return 0
  }
  const machines: MachineSysinfo[] = []
  for await (const machine of read(context, options, run)) machines.push(machine)
  const failed = machines.filter(({ error }) => error != null)
  const here = machines.filter(({ error }) => error == null)
  if (options.diff) await printDifferences(context, here)
  else if (json) for (const machine of machines) await print(JSON.stringify(asJson(machine)))
  else if (options.items != null) await printItems(context, here)
  else await printLines(overview(here))
  await writeNotes(failed.map(({ member, error }) => `bak: nothing of ${member}: ${error}`))
  if (options.items != null || options.diff) await writeNotes(missingIn(here))
  return failed.length > 0 && here.length === 0 ? exitStatus.unreachable : 0
}

function read(context: Context, { on, items, diff, end }: Options, run?: string): AsyncGenerator<MachineSysinfo> {
  const chosen = items == null ? undefined : chooseItems(items.split(','))
  const choice = chosen != null && 'choice' in chosen ? chosen.choice : 'default'
  const asked = items == null && !diff && !context.json ? OVERVIEW : itemsOf(choice, end ? 'end' : 'begin')
  return run == null
    ? liveSysinfo(context, { on, items: asked })
    : storedSysinfo(context, run, { on, items: asked, when: end ? 'end' : 'begin' })
}

async function printDifferences({ json, print, printLines }: Context, machines: MachineSysinfo[]): Promise<void> {
  const facts = machines.map(
    ({ member, files }) => [member, factsOf(files.map(({ file, text }) => [file, text]))] as const
  )
  const compared = compareFacts(new Map(facts))
  if (json) return print(JSON.stringify(compared))
  const { isTTY, columns } = process.stdout
  await printLines(drawDifferences(compared, isTTY ? columns || 80 : 80).join('\n'))
}

/** The values of files of JSON, and the text of others, by item. */
function asJson({ member, files, missing, error }: MachineSysinfo) {
  const items = files.map(({ file, text }) => {
    const [name = file, kind] = file.split('.')
    return [name, kind === 'json' ? parsed(text) : text]
  })
  return { member, error, items: Object.fromEntries(items), missing }
}

async function printItems({ print, printLines }: Context, machines: MachineSysinfo[]): Promise<void> {
  for (const { member, files } of machines) {
    for (const { file, text } of files) {
      await print(`== ${member} ${file}`)
      await printLines(text.trimEnd())
    }
  }
}

function overview(machines: MachineSysinfo[]): string {
  const rows = machines.map(({ member, files }) => {
    const items = Object.fromEntries(files.map(({ file, text }) => [file, parsed(text) as Loose]))
    const of = (file: string, ...path: string[]) => at(items[file], path)
    const memory = Number.parseInt(of('memory.json', 'meminfo', 'MemTotal') ?? '', 10)
    return [
      member,
      of('os.json', 'release', 'PRETTY_NAME'),
      of('kernel.json', 'uname', 'release'),
      of('cpu.json', 'model'),
      of('cpu.json', 'processors'),
      Number.isNaN(memory) ? undefined : `${(memory / 1024 ** 2).toFixed(1)} GiB`,
      of('virtualization.json', 'hypervisor') ?? of('virtualization.json', 'detected'),
      [of('firmware.json', 'sys_vendor'), of('firmware.json', 'product_name')].filter(Boolean).join(' ')
    ]
  })
  return formatTable(['MEMBER', 'SYSTEM', 'KERNEL', 'PROCESSOR', 'CORES', 'MEMORY', 'GUEST OF', 'PRODUCT'], rows)
}

type Loose = { [key: string]: Loose } | string | number | undefined

function at(value: Loose, path: string[]): string | undefined {
  let found = value
  for (const key of path) found = typeof found === 'object' ? found?.[key] : undefined
  return found == null || typeof found === 'object' ? undefined : String(found)
}

/** What is no JSON, in a result that somebody changed, is nothing. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const missingIn = (machines: MachineSysinfo[]) =>
  machines.flatMap(({ member, missing }) => missing.map(({ what, reason }) => `${what} of ${member}: ${reason}`))
