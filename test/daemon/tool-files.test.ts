/** Files of tools as docs/tools.md and examples/ have them: real daemons. */

import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Reading } from '../../protocols/reading.ts'
import { readUserTool } from '../../protocols/user-tool.ts'
import { processesWith, record, uniqueSleep, useTestnet } from '../helpers/mesh.ts'
import { readSamples } from '../helpers/read-samples.ts'
import { needs, skipWhere } from '../helpers/skip.ts'

const tools = suite('files of tools')
const net = useTestnet(tools, { peers: ['a', 'b'] })
const examples = join(import.meta.dirname, '../../examples/tools')
let folder = ''
tools.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'bak-tool-files-'))
})
tools.after(() => {
  rmSync(folder, { recursive: true, force: true })
  // podman leaves empty groups behind; others may use podman, too
  for (const group of globSync('/sys/fs/cgroup/*/libpod_parent')) {
    try {
      rmdirSync(group)
    } catch {}
  }
})

/** Runs for a second with these tools on `b`. @returns what a tool wrote there */
async function ran(args: string[]): Promise<(file: string) => string> {
  const { status, stdout, stderr } = await net().bak('a', [
    'run',
    '--json',
    '--sysinfo',
    'none',
    '--on',
    'b',
    ...args,
    '--',
    'sleep',
    '1'
  ])
  assert.is(status, 0, stderr)
  const { run } = JSON.parse(stdout.split('\n')[0] as string)
  assert.equal(record(net(), 'a', run).shortfalls, [], stderr)
  const data = join(net().peer('a').home, 'runs', run, '1-default/sample1/tools-default/b')
  return file => (existsSync(join(data, file)) ? readFileSync(join(data, file), 'utf8') : '')
}

/** Puts a file into tools.d of `b`, and waits until others know of it. */
async function give(file: string, text: string): Promise<void> {
  const home = join(net().peer('b').home, 'tools.d')
  mkdirSync(home, { recursive: true, mode: 0o700 })
  writeFileSync(join(home, file), text, { mode: 0o600 })
  const name = basename(file, '.toml')
  assert.is((await net().bak('b', ['tools', name])).status, 0)
  await net().until('a', members => members.some(({ tools }) => tools.some(({ tool }) => tool === name)))
}

tools('the example samples, and its reading reads what it wrote', async () => {
  const path = join(examples, 'tcp-sockets.toml')
  const text = await ran(['--tool-file', path])
  const { read } = readUserTool(readFileSync(path, 'utf8'), path)
  const { samples, missed } = readSamples(read?.[0] as Reading, text('tcp-sockets/tcp-sockets-stdout.txt'))
  assert.is(missed, 0)
  assert.ok(samples.length > 0)
  for (const { time, values } of samples) {
    assert.equal(Object.keys(values), ['inuse', 'orphan', 'tw'])
    assert.ok(Math.abs((time as number) - Date.now()) < 600_000, `${time}`)
  }
})

tools('the example is a file of tools.d as it stands', async () => {
  copyFileSync(join(examples, 'tcp-sockets.toml'), join(folder, 'tcp-sockets.toml'))
  await give('tcp-sockets.toml', readFileSync(join(folder, 'tcp-sockets.toml'), 'utf8'))
  const text = await ran(['--tools', 'tcp-sockets'])
  assert.match(text('tcp-sockets/tcp-sockets-stdout.txt'), /^[\d.]+ TCP: inuse \d+/)
})

tools('a script that starts, a script that stops and a file to capture are one command', async () => {
  const seconds = uniqueSleep()
  const scripts = { 'start.sh': `sleep ${seconds} & echo begun > captured`, 'stop.sh': 'echo ended >> captured' }
  for (const [name, line] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 })
  }
  const line = `trap '${folder}/stop.sh; exit 0' TERM; ${folder}/start.sh; echo started; while :; do sleep 1; done`
  await give('two-scripts.toml', `command = ${JSON.stringify(line)}\nfiles = ["captured"]\n`)
  const text = await ran(['--tools', 'two-scripts'])
  assert.is(text('two-scripts/captured'), 'begun\nended\n')
  assert.equal(processesWith(seconds), [], 'what the first script left running is gone')
})

/** Containers need root here, and a file system with a shell. */
const noContainers =
  needs('podman') ?? needs('runc') ?? (process.getuid?.() === 0 ? undefined : 'only root starts containers')

skipWhere(noContainers, tools)('a container is a tool, and is gone when it was stopped', async () => {
  const root = rootFolder()
  writeFileSync(
    join(folder, 'storage.conf'),
    `[storage]\ndriver = "vfs"\ngraphroot = "${folder}/graph"\nrunroot = "${folder}/run"\n`
  )
  writeFileSync(
    join(folder, 'containers.conf'),
    `[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\nruntime = "runc"\n[containers]\n` +
      'log_driver = "k8s-file"\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n'
  )
  const settings = `CONTAINERS_STORAGE_CONF=${folder}/storage.conf CONTAINERS_CONF=${folder}/containers.conf`
  const inside = 'trap "exit 0" TERM; while :; do date +%s >> /out/beats; echo beat; sleep 0.2; done'
  const line = `${settings} exec podman run --rm --network none -v $PWD:/out --rootfs ${root} /bin/sh -c '${inside}'`
  await give('boxed.toml', `command = ${JSON.stringify(line)}\nfiles = ["beats"]\nready_after = 10\n`)
  const text = await ran(['--tools', 'boxed'])
  assert.match(text('boxed/beats'), /^\d+\n/)
  assert.match(text('boxed/boxed-stdout.txt'), /^beat\n/)
  assert.equal(processesWith(root), [])
})

/** @returns a file system that has a shell, sleep and date */
function rootFolder(): string {
  const root = join(folder, 'root')
  for (const name of ['bin', 'proc', 'sys', 'dev', 'etc', 'tmp', 'out'])
    mkdirSync(join(root, name), { recursive: true })
  for (const program of ['/bin/sh', '/bin/sleep', '/bin/date']) {
    const libraries = execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/\S+/g) ?? []
    for (const file of [program, ...libraries]) {
      mkdirSync(join(root, dirname(file)), { recursive: true })
      copyFileSync(file, join(root, file))
    }
  }
  return root
}

tools.run()
