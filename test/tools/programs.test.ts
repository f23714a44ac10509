import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isAlive } from '../../node/processes/process-group.ts'
import { findProgram, whyNotStartable } from '../../node/tools/find-program.ts'
import { findTool, listTools } from '../../node/tools/index.ts'
import type { RunningTool } from '../../node/tools/tool.ts'
import type { BakError } from '../../protocols/errors.ts'
import type { ToolOptions } from '../../protocols/tool-options.ts'
import { plainPrograms } from '../../scripts/plain-programs.ts'
import { needs, skipWhere } from '../helpers/skip.ts'
import { createWorkspace, until, type Workspace } from '../helpers/workspace.ts'

interface Context extends Workspace {
  start(name: string, options?: ToolOptions): Promise<RunningTool>
}

const programs = suite<Context>('programs')

programs.before.each(context => {
  const workspace = createWorkspace('programs')
  const { folder, supervisor } = workspace
  const start: Context['start'] = (name, options = {}) => {
    mkdirSync(join(folder, name))
    const { signal } = new AbortController()
    return findTool(name, options).start({
      folder: join(folder, name),
      interval: 1,
      options,
      programs: plainPrograms(supervisor),
      signal
    })
  }
  Object.assign(context, workspace, { start })
})

programs.after.each(({ close }) => close())

const wanted: Record<string, RegExp> = {
  mpstat: /TZ=UTC LC_ALL=C.UTF-8 S_COLORS=never S_TIME_FORMAT=ISO mpstat -P ALL 1\n/,
  iostat: /iostat -N -t -y -x -m 1\n/,
  vmstat: /vmstat -a -n -t -w 1\n/,
  pidstat: /pidstat -H -h -u -r -d -w 1\n/,
  sar: /sar -A -o sar.data 1\n/
}

for (const [name, command] of Object.entries(wanted)) {
  const test = skipWhere(needs(name), programs)
  test(`${name} starts, writes while it runs, and ends without warnings`, async ({ start, folder }) => {
    const running = await start(name)
    const file = join(folder, name, name === 'sar' ? 'sar.data' : `${name}-stdout.txt`)
    await running.ready
    const head = statSync(file).size
    assert.ok(head > 0)
    await until(() => statSync(file).size > head || undefined)
    assert.equal(await running.stop(), [])
    assert.match(readFileSync(join(folder, name, `${name}.cmd`), 'utf8'), command)
    assert.is(readFileSync(join(folder, name, `${name}-stderr.txt`), 'utf8'), '')
    assert.equal(JSON.parse(readFileSync(join(folder, 'ledger'), 'utf8')).groups, [])
  })
}

const withMpstat = skipWhere(needs('mpstat'), programs)

withMpstat('mpstat prints its averages when it is stopped', async ({ start, folder }) => {
  const running = await start('mpstat')
  const text = () => readFileSync(join(folder, 'mpstat', 'mpstat-stdout.txt'), 'utf8')
  await running.ready
  await until(() => /\ball\b/.test(text()) || undefined)
  await running.stop()
  assert.match(text(), /^Average: +all/m)
})

withMpstat('an interval that mpstat does not support is rounded, with a warning', async ({ start, folder }) => {
  const running = await start('mpstat', { interval: 1.4, options: ['-u'] })
  await running.ready
  assert.equal(await running.stop(), [])
  assert.equal(running.remarks, ['sampled every 1 s, because it does not support 1.4 s'])
  assert.match(readFileSync(join(folder, 'mpstat', 'mpstat.cmd'), 'utf8'), 'mpstat -P ALL -u 1\n')
})

withMpstat('an unknown option fails the start with the error message of mpstat', async ({ start }) => {
  const running = await start('mpstat', { options: ['--no-such-option'] })
  const error: BakError = await running.ready.catch(thrown => thrown)
  assert.is(error.code, 'tool-failed')
  assert.match(error.message, /^ended with exit 1 before its first output: ./)
})

const withSar = skipWhere(needs('sar'), programs)

withSar('sar leaves no collector behind', async ({ start, folder }) => {
  const running = await start('sar')
  await running.ready
  const [{ group }] = JSON.parse(readFileSync(join(folder, 'ledger'), 'utf8')).groups
  assert.ok(isAlive(group))
  await running.stop()
  assert.not(isAlive(group))
})

for (const tool of listTools().filter(({ name }) => wanted[name] != null)) {
  programs(`${tool.name} reports whether it is installed, and its version`, async () => {
    const { usable, version, reason } = await tool.check({})
    assert.is(usable, needs(tool.name) == null)
    if (usable) assert.match(version as string, /^\d+\.\d+/)
    else
      assert.match(
        reason as string,
        new RegExp(`^${tool.name}: not found on PATH; install the package [\\w-]+( \\(Fedora: [\\w-]+\\))?$`)
      )
  })
}

programs(
  'a program is looked for as whom it will run: one in a folder that is closed to that user is passed over',
  async ({ folder }) => {
    const user = { uid: 65_534, gid: 65_534 }
    const { PATH } = process.env
    const [closed, open] = ['closed', 'open'].map(name => {
      mkdirSync(join(folder, name))
      for (const program of name === 'open' ? ['both'] : ['both', 'one'])
        writeFileSync(join(folder, name, program), '#!/bin/sh\n', { mode: 0o755 })
      return join(folder, name)
    }) as [string, string]
    for (const place of [folder, open]) chmodSync(place, 0o755)
    chmodSync(closed, 0o700)
    process.env.PATH = `${closed}:${open}`
    try {
      assert.is(await findProgram('both'), join(closed, 'both'))
      assert.is(await findProgram('both', user), join(open, 'both'))
      // an access control list may open it: whether it can be started shows when it is
      assert.is(await findProgram('one', user), join(closed, 'one'))
      assert.is(await findProgram(join(closed, 'one'), user), join(closed, 'one'))
      assert.is(await findProgram('none', user), undefined)
    } finally {
      process.env.PATH = PATH
    }
  }
)

programs('a program that is missing on the PATH is reported with its package', async () => {
  const { PATH } = process.env
  process.env.PATH = '/nowhere'
  const found = await findTool('mpstat', {}).check({})
  process.env.PATH = PATH
  const reason = 'mpstat: not found on PATH; install the package sysstat'
  assert.equal(found, { tool: 'mpstat', usable: false, reason })
})

const workspace = mkdtempSync(join(tmpdir(), 'bak-startable-'))
programs.after(() => rmSync(workspace, { recursive: true, force: true }))
writeFileSync(join(workspace, 'plain'), 'x', { mode: 0o644 })
writeFileSync(join(workspace, 'runs'), '#!/bin/sh\n', { mode: 0o755 })
const startable: Array<[name: string, path: string | undefined, why: string | undefined]> = [
  ['sh', undefined, undefined],
  ['./runs', '/nowhere', undefined],
  [join(workspace, 'runs'), '/nowhere', undefined],
  ['runs', `/nowhere:${workspace}`, undefined],
  ['runs', '.', undefined],
  ['runs', '/nowhere', 'runs: not found on PATH'],
  ['./rnus', '/nowhere', `./rnus: not found from ${workspace}`],
  ['./plain', '/nowhere', './plain: is not executable'],
  ['plain', workspace, 'plain: is not executable']
]
for (const [name, path, why] of startable) {
  programs(`${name} with PATH=${path} ${why == null ? 'can be started' : 'is told to be missing'}`, async () => {
    assert.is(await whyNotStartable(name, workspace, path), why)
  })
}

programs.run()
