/** How rooms and files are arranged, held by reading names and import lines. */
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { planOf } from '../node/run/plan.ts'
import { check } from '../protocols/codec.ts'
import { phases } from '../protocols/fields.ts'
import { spec as specSchema } from '../protocols/spec.ts'

/** Top-level rooms, and those that they may import from. */
const directions: Record<string, string[]> = {
  protocols: ['protocols'],
  node: ['protocols', 'node'],
  cli: ['protocols', 'cli'],
  testnets: ['protocols', 'testnets'],
  scripts: ['protocols', 'node', 'cli', 'testnets', 'scripts']
}

/** Folders of node/, the lowest floor first; those on one floor do not import each other. */
const floors = [
  ['base'],
  ['processes', 'clock'],
  ['store'],
  ['mesh'],
  ['channels'],
  ['series'],
  ['artifacts', 'tools'],
  ['collectors', 'work'],
  ['run'],
  ['agent'],
  ['control'],
  ['daemon']
]
/** Files beside the folders of node/; all others, and folders that are on no floor, are on the top one. */
const loose: Record<string, string> = {
  'backoff.ts': 'base',
  'bounded-map.ts': 'base',
  'heap.ts': 'base',
  'holes.ts': 'base',
  'if-possible.ts': 'base',
  'in-turn.ts': 'base',
  'in-parallel.ts': 'base',
  'limit.ts': 'base',
  'listen.ts': 'base',
  'log-rate-limiter.ts': 'base',
  'log.ts': 'base',
  'now.ts': 'base',
  'part.ts': 'base',
  'shuffle.ts': 'base',
  'startable.ts': 'base',
  'timers.ts': 'base',
  'wait.ts': 'base',
  'config.ts': 'store',
  'settings.ts': 'store',
  'key-file.ts': 'store',
  'mesh-file.ts': 'mesh',
  'control.ts': 'control',
  'parts.ts': 'control',
  'mesh-services.ts': 'control',
  'run-services.ts': 'control',
  'agent-services.ts': 'control'
}

/** Names that were given up for terms of the field. */
const formerNames =
  `swap swap-facts relay-news announcer loss reunion links remembered rota seldom missing way neighbours-link
  deeds conduct offence gate doorkeeper roll facts spread quiet measuring vigil thrift gossip-pace gossip-road gossip-meter
  handover taking member ways roads ack-line door branch head gathering bundle unopened late loan beyond-offer look look-at
  follow holding holders run-heads came parcel shelf slot turns small held breath sparing mistakes young`.split(/\s+/)

const LIST_FOLDERS = [
  ...['commands', 'phases', 'hooks', 'tools', 'sampled', 'traced', 'repeated', 'readers', 'sysinfo']
]
const MAX_LINES = 300

const sources = globSync('{protocols,node,cli,testnets,scripts}/**/*.ts').sort()
const texts = new Map(sources.map(file => [file, readFileSync(file, 'utf8')]))
const textOf = (file: string) => texts.get(file) as string

/** Each relative import, types and those at run time included. */
const imports = sources.flatMap(from =>
  [...textOf(from).matchAll(/(?:from|import)\s*\(?'(\.[^']+)'/g)].map(found => ({
    from,
    to: normalize(join(dirname(from), found[1] as string))
  }))
)

const structure = suite('the structure of the house')

for (const [room, may] of Object.entries(directions)) {
  structure(`${room}/ imports from ${may.join(' and ')} only`, () => {
    const wrong = imports.filter(
      ({ from, to }) => from.startsWith(`${room}/`) && !may.includes(to.split('/')[0] as string)
    )
    holds(`directions of ${room}`, wrong.map(inWords))
  })
}

structure('a floor of node/ imports from floors below it only', () => {
  const inside = imports.filter(({ from, to }) => from.startsWith('node/') && to.startsWith('node/'))
  const wrong = inside.filter(({ from, to }) => roomOf(from) !== roomOf(to) && floorOf(to) >= floorOf(from))
  holds('floors', wrong.map(inWords))
})

structure('no circle of imports, types included', () => {
  holds('circles', circles())
})

structure('no file has marks of a merge', () => {
  const all = globSync('{protocols,node,cli,testnets,scripts,test,docs,examples}/**/*.{ts,md,toml,css,json}')
  const wrong = [...all, ...globSync('*.{md,json,jsonc}')].filter(file =>
    /^(<{7}|>{7}) /m.test(readFileSync(file, 'utf8'))
  )
  holds('marks of a merge', wrong)
})

structure('no two files of node/ and protocols/ share a name, but for a protocol and its handler', () => {
  const inside = sources.filter(file => /^(node|protocols)\//.test(file) && basename(file) !== 'index.ts')
  const named = inside.filter(file => !LIST_FOLDERS.includes(basename(dirname(file))))
  const doubled = [...Map.groupBy(named, file => basename(file)).values()].filter(files => {
    const handlers = files.filter(file => file.startsWith('node/'))
    return handlers.length > 1 || files.length - handlers.length > 1
  })
  holds(
    'doubled names',
    doubled.map(files => files.join(' '))
  )
})

structure('no file or class of node/ and protocols/ has a name that was given up', () => {
  const inside = sources.filter(file => /^(node|protocols)\//.test(file))
  const files = inside.filter(file => file.replace(/\.ts$/, '').split('/').some(isFormer))
  const classes = inside.flatMap(file =>
    [...textOf(file).matchAll(/^(?:export )?(?:abstract )?class (\w+)/gm)]
      .map(found => found[1] as string)
      .filter(name => isFormer(name.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()))
      .map(name => `${name} in ${file}`)
  )
  holds('former names', [...files, ...classes])
})

structure('each source file begins with a comment that says its subject', () => {
  holds(
    'headers',
    sources.filter(file => !/^(#!.*\n)?\s*(\/\*\*|\/\/)/.test(textOf(file)))
  )
})

structure(`no source file has more than ${MAX_LINES} lines`, () => {
  holds(
    'lengths',
    sources.filter(file => textOf(file).trimEnd().split('\n').length > MAX_LINES)
  )
})

structure('the plan of a run covers every phase', () => {
  const planned = planOf(check(specSchema, { command: ['true'], tools: [] }))
  holds(
    'phases',
    phases.filter(phase => !planned.some(each => each.phase === phase))
  )
})

structure(
  'only store/ opens files of a run: nobody in run/ or control/ uses node:fs, and nobody in mesh/ writes',
  () => {
    const users = sources.filter(
      file => /^node\/(run|control)\//.test(file) && /from 'node:fs(\/promises)?'/.test(textOf(file))
    )
    holds('users of node:fs', users)
  }
)

structure('nobody in run/, mesh/ or control/ writes with node:fs', () => {
  const writers = sources.filter(
    file =>
      /^node\/(run|mesh|control)\//.test(file) &&
      /from 'node:fs(\/promises)?'/.test(textOf(file)) &&
      /writeFile|appendFile|createWriteStream/.test(textOf(file))
  )
  holds('writers', writers)
})

structure.run()

/** Fails with the names of the offenders. */
function holds(what: string, offenders: string[]): void {
  assert.equal(offenders, [], `${what}: these offend`)
}

const inWords = ({ from, to }: { from: string; to: string }) => `${from} imports ${to}`

function roomOf(file: string): string {
  const [, room = '', below] = file.split('/')
  if (below == null) return loose[room] ?? 'daemon'
  return floors.flat().includes(room) ? room : 'daemon'
}

const floorOf = (file: string) => floors.findIndex(rooms => rooms.includes(roomOf(file)))

const isFormer = (name: string) =>
  formerNames.includes(name) || name.split('-').some(part => part === 'bulk' || part === 'wire')

/** @returns each circle as the files of which each reaches all others; Tarjan's strongly connected components */
function circles(): string[] {
  const below = new Map(sources.map(file => [file, imports.filter(({ from }) => from === file).map(({ to }) => to)]))
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const stack: string[] = []
  const found: string[] = []
  for (const file of sources) if (!order.has(file)) visit(file)
  return found

  function visit(file: string): void {
    order.set(file, order.size)
    lowest.set(file, order.get(file) as number)
    stack.push(file)
    for (const to of below.get(file) ?? []) {
      if (!order.has(to)) visit(to)
      if (stack.includes(to)) lowest.set(file, Math.min(lowest.get(file) as number, lowest.get(to) as number))
    }
    if (lowest.get(file) !== order.get(file)) return
    const circle = stack.splice(stack.indexOf(file))
    if (circle.length > 1) found.push(circle.sort().join(' '))
  }
}
