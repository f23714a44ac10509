/** Tools that the owner of a machine described in files of tools.d. */
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { availabilityOf, Catalogue } from '../../node/tools/catalogue.ts'
import type { RunningTool } from '../../node/tools/tool.ts'
import { asBakError } from '../../protocols/errors.ts'
import type { ToolOptions } from '../../protocols/tool-options.ts'
import { plainPrograms } from '../../scripts/plain-programs.ts'
import { createWorkspace, type Workspace } from '../helpers/workspace.ts'

interface Context extends Workspace {
  catalogue: Catalogue
  /** What the log was told. */
  said: string[]
  /** Puts a file into tools.d. */
  put(file: string, text: string, mode?: number): void
  start(name: string, options?: ToolOptions): Promise<RunningTool>
  text(file: string): string
}

const own = suite<Context>('tools of the owner of a machine')

own.before.each(context => {
  const workspace = createWorkspace('owner-tools')
  const { supervisor } = workspace
  const [tools, data] = ['tools.d', 'data'].map(name => join(workspace.folder, name)) as [string, string]
  mkdirSync(data)
  const said: string[] = []
  const catalogue = new Catalogue(tools, ({ why }) => said.push(why))
  const start: Context['start'] = async (name, options = {}) =>
    (await catalogue.find(name, options)).start({
      ...{ folder: data, interval: 3, options, programs: plainPrograms(supervisor) },
      signal: new AbortController().signal
    })
  const put: Context['put'] = (file, text, mode = 0o644) => {
    mkdirSync(tools, { recursive: true, mode: 0o700 })
    writeFileSync(join(tools, file), text)
    chmodSync(join(tools, file), mode)
  }
  const text = (file: string) => readFileSync(join(data, file), 'utf8')
  Object.assign(context, workspace, { catalogue, said, start, put, text })
})
own.after.each(({ close }) => close())

const QUEUE = `summary = "length of a queue"
command = ["/bin/sh", "-c", "echo $1 $2 > own.csv; echo ready; exec sleep 600", "sh", "{interval}", "q-{queue}"]
stop_signal = "INT"
files = ["own.csv"]
needs = { debian = "queue-tools" }
on_end = "restart"
[settings.queue]
type = "string"
default = "mail"
pattern = "[a-z]+"
[[read]]
format = "csv"
file = "own.csv"
columns = ["every", "name"]
`

own('a file of ten lines is a tool: its words, options, stop signal, files and readings', async context => {
  const { catalogue, put, start, text } = context
  put('queue.toml', QUEUE)
  const { checked, damaged } = await catalogue.list({ isQuick: true })
  assert.equal(damaged, [])
  const { tool, availability } = checked.at(-1) as (typeof checked)[number]
  assert.equal(availability, { tool: 'queue', usable: true })
  assert.equal([tool.name, tool.lifetime, tool.eitherLifetime, tool.stop], ['queue', 'transient', true, 'SIGINT'])
  assert.equal([tool.onEnd, tool.needs.debian, tool.isOwners], ['restart', 'queue-tools', true])
  assert.equal(
    tool.settings.map(({ name, type, default: usual }) => [name, type, usual]),
    [
      ['interval', 'number', undefined],
      ['queue', 'string', 'mail']
    ]
  )
  const running = await start('queue', { queue: 'news', interval: 0.5 })
  await running.ready
  assert.equal(await running.stop(), [])
  assert.is(text('own.csv'), '0.5 q-news\n')
  assert.is(text('queue-stdout.txt'), 'ready\n')
  assert.match(text('queue.toml'), /summary = "length of a queue"/)
  assert.match(text('queue.toml'), /columns = \[ "every", "name" \]/)
})

own('it takes the options that it declares, and no other words: what it runs is its owner’s word', async context => {
  const { catalogue, put } = context
  put('queue.toml', QUEUE)
  const mistakes: Array<[ToolOptions, RegExp]> = [
    [{ queue: '$(id)' }, /queue: may have letters, digits and/],
    [{ queue: '-x' }, /queue: may have letters, digits and .* begins without -/],
    [{ queue: 'Mail' }, /queue: does not fit \[a-z\]\+/],
    [{ options: ['--queue=UP'] }, /does not fit/],
    [{ options: ['-v'] }, /options: -v is not an option of this tool, and its owner chose its words/],
    [{ quue: 'x' }, /quue: is not an option of this tool; did you mean queue\?/]
  ]
  for (const [options, why] of mistakes) {
    const { code, message } = asBakError(await catalogue.check('queue', options).catch(error => error))
    assert.is(code, 'usage')
    assert.match(message, why)
  }
  assert.ok((await catalogue.check('queue', { options: ['--queue=up'] })).usable)
})

own('a file that it should have written and did not is named when it has stopped', async ({ put, start }) => {
  put('queue.toml', 'command = "echo up; exec sleep 600"\nfiles = ["out.csv"]\n')
  const running = await start('queue')
  await running.ready
  assert.equal(await running.stop(), ['did not write out.csv'])
})

own('one that writes nothing at all is named, though bak wrote how to read it', async ({ put, start }) => {
  put('queue.toml', 'command = ["sleep", "600"]\nready_after = 0.1\n')
  const running = await start('queue')
  await running.ready
  assert.equal(await running.stop(), ['wrote nothing'])
})

const damage: Array<[title: string, file: string, text: string, why: RegExp]> = [
  ['broken TOML', 'x.toml', 'command = [', /^tools\.d\/x\.toml:1:\d+: /],
  ['a key that is none', 'x.toml', 'command = ["x"]\nsumary = "y"', /x\.toml:2: sumary: .* did you mean summary\?$/],
  ['no command', 'x.toml', 'summary = "y"', /^tools\.d\/x\.toml:1: command: is missing$/],
  ['a wrong signal', 'x.toml', 'command = ["x"]\nstop_signal = "KILL"', /x\.toml:2: stop_signal: expected "INT", /],
  ['a file elsewhere', 'x.toml', 'command = ["x"]\nfiles = ["../y"]', /x\.toml:2: files\.0: a file is named from/],
  ['a reading of no format', 'x.toml', 'command = ["x"]\n[[read]]\nformat = "xml"', /read\.0/],
  ['a pattern that is none', 'x.toml', 'command = ["x"]\n[[read]]\nformat = "regex"\npattern = "("', /no regular expr/],
  [
    'a pattern without groups',
    'x.toml',
    'command = ["x"]\n[[read]]\nformat = "regex"\npattern = "x"',
    /names no group/
  ],
  [
    'a column that is none',
    'x.toml',
    'command = ["x"]\n[[read]]\nformat = "csv"\ncolumns = ["a"]\ntime = "b"',
    /b is none/
  ],
  [
    'a key of a reading that is none',
    'x.toml',
    'command = ["x"]\n[[read]]\nformat = "csv"\npattern = "x"\nlables = ["a"]',
    /x\.toml:4: read\.0\.pattern: is not a known key.*\ntools\.d\/x\.toml:5: read\.0\.lables: .* did you mean labels\?$/
  ],
  [
    'an option that no word has',
    'x.toml',
    'command = ["x"]\n[settings.a]\ntype = "number"',
    /no word of the command has {a}/
  ],
  [
    'the name of a tool of bak',
    'sar.toml',
    'command = ["x"]',
    /^tools\.d\/sar\.toml: bak has a tool sar: give it another/
  ],
  ['no name of a tool', '-x y.toml', 'command = ["x"]', /^tools\.d\/-x y\.toml: a tool is named with letters/]
]
for (const [title, file, text, why] of damage) {
  own(`${title}: it is named with what is wrong, once in the log, and hinders no other`, async context => {
    const { catalogue, put, said } = context
    put(file, text)
    put('good.toml', 'command = ["sleep", "1"]')
    const { checked, damaged } = await catalogue.list({ isQuick: true })
    assert.is(damaged.length, 1)
    assert.match(damaged[0]?.why as string, why)
    assert.is(checked.at(-1)?.tool.name, 'good')
    await catalogue.list({ isQuick: true })
    assert.equal(said, [damaged[0]?.why])
    if (file !== 'x.toml') return
    const error = asBakError(await catalogue.find('x', {}).catch(cause => cause))
    assert.equal([error.code, error.message], ['bad-config', damaged[0]?.why])
  })
}

const unsafe: Array<[title: string, act: (folder: string) => void, why: RegExp]> = [
  ['a file that its group may write', folder => chmodSync(join(folder, 'x.toml'), 0o664), /its group may write it/],
  ['a file that all may write', folder => chmodSync(join(folder, 'x.toml'), 0o646), /everybody may write it/],
  ['any file of a folder that all may write', folder => chmodSync(folder, 0o777), /its group may write tools\.d/],
  ['a folder', folder => mkdirSync(join(folder, 'y.toml')), /^tools\.d\/y\.toml: it is no file/],
  ['a link', folder => symlinkSync('x.toml', join(folder, 'y.toml')), /^tools\.d\/y\.toml: it is a link/],
  [
    'a file that is too large',
    folder => writeFileSync(join(folder, 'x.toml'), '#'.repeat(70_000)),
    /65536 are the most/
  ]
]
for (const [title, act, why] of unsafe) {
  own(`${title} is refused, and named`, async ({ catalogue, put, folder }) => {
    put('x.toml', 'command = ["sleep", "1"]')
    act(join(folder, 'tools.d'))
    const { damaged } = await catalogue.list({ isQuick: true })
    assert.is(damaged.length, 1)
    assert.match(damaged[0]?.why as string, why)
  })
}

own('more files than there may be are named as one, and all has room in the record of the peer', async context => {
  const { catalogue, put } = context
  for (let i = 0; i < 70; i++) put(`t${i}.toml`, i % 2 === 0 ? 'command = ["sleep", "1"]' : 'command = 1')
  const found = await catalogue.list({ isQuick: true })
  assert.is(found.damaged.filter(({ why }) => /64 files are the most/.test(why)).length, 1)
  const recorded = availabilityOf(found)
  assert.ok(recorded.length <= 128)
  assert.is(new Set(recorded.map(({ tool }) => tool)).size, recorded.length)
})

own('a file with the name of a tool of bak changes nothing of that tool', async ({ catalogue, put }) => {
  put('sar.toml', 'command = ["sleep", "1"]')
  assert.not((await catalogue.find('sar', {})).isOwners)
  const found = await catalogue.list({ isQuick: true })
  assert.is(availabilityOf(found).filter(({ tool }) => tool === 'sar').length, 1)
  assert.equal(
    found.damaged.map(({ tool }) => tool),
    [undefined]
  )
})

own('other files, and a folder that is not there, are no concern', async ({ catalogue, put }) => {
  assert.equal((await catalogue.list({ isQuick: true })).damaged, [])
  put('README', 'x')
  put('.x.toml', 'x')
  put('x.toml~', 'x')
  assert.equal((await catalogue.list({ isQuick: true })).damaged, [])
})

own('its stamp changes when a file comes, changes or goes', async ({ catalogue, put }) => {
  const stamps = [await catalogue.stamp()]
  put('x.toml', 'command = ["sleep", "1"]')
  stamps.push(await catalogue.stamp())
  assert.is(await catalogue.stamp(), stamps.at(-1))
  put('x.toml', 'command = ["sleep", "22"]')
  stamps.push(await catalogue.stamp())
  assert.is(new Set(stamps).size, 3)
})

own('what a run brings under the same name is the run’s, not the owner’s', async ({ catalogue, put }) => {
  put('x.toml', 'command = ["sleep", "1"]')
  assert.ok((await catalogue.find('x', {})).isOwners)
  assert.not((await catalogue.find('x', { command: ['true'] })).isOwners)
})

own('a program that is missing is named with its package, and root where it is needed', async ({ catalogue, put }) => {
  put('x.toml', 'command = ["no-such-program", "-a"]\nneeds = { debian = "some", fedora = "other" }')
  const reason = 'x: no-such-program not found on PATH; install the package some (Fedora: other) (no-such-program -a)'
  assert.equal(await catalogue.check('x', {}), { tool: 'x', usable: false, reason })
  put('y.toml', 'command = ["sleep", "1"]\nneeds = { root = true, privilege = "to read the counters" }')
  const { usable, reason: why } = await catalogue.check('y', {})
  if (process.geteuid?.() === 0) assert.ok(usable)
  else assert.is(why, 'y: needs root: to read the counters')
})

own.run()
