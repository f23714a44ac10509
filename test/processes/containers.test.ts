/** Programs in images of podman, where that is: what they can do, and that nothing of them is left. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Audit, readAudit } from '../../node/processes/audit.ts'
import { Containers, runtimeFolderOf } from '../../node/processes/containers.ts'
import { Guards } from '../../node/processes/guards.ts'
import { ownMounts } from '../../node/processes/mounts.ts'
import { Supervisor } from '../../node/processes/supervisor.ts'
import { keyOfHome } from '../../node/processes/work-folders.ts'
import type { BakError } from '../../protocols/errors.ts'
import { IMAGE, makeImage, whyNoPodman } from '../helpers/podman.ts'
import { skipWhere } from '../helpers/skip.ts'
import { createWorkspace, until } from '../helpers/workspace.ts'

const test = suite('programs in images')
const absent = whyNoPodman()
const testPodman = skipWhere(absent, test)
/** As which this file starts itself, to be killed; it finds the image of the suite. */
const home = process.argv[1] === import.meta.filename ? process.argv[2] : undefined
const removeImage = absent == null && home == null ? makeImage() : undefined
test.after(() => removeImage?.())

const allow = { workloads: 'guarded' as const, network: true, environment: [], paths: true }

async function open(change: Partial<typeof allow> = {}) {
  const { folder: home, supervisor, close } = createWorkspace('containers')
  const audit = new Audit({ path: join(home, 'audit'), onError: why => assert.unreachable(why) })
  const work = join(home, 'work')
  mkdirSync(work)
  const guards = await Guards.open({ ...{ home, work, supervisor, audit, limits: {} }, allow: { ...allow, ...change } })
  return { home, work, guards, close }
}

interface Job {
  script: string
  isOwn?: boolean
  env?: Record<string, string>
}

/** Starts a job as a member does, in the folders of one. */
async function start({ guards, work }: { guards: Guards; work: string }, { script, isOwn = false, env = {} }: Job) {
  const { id } = await guards.containers.find(IMAGE)
  const data = join(work, 'run')
  const folder = join(data, 'job')
  mkdirSync(folder, { recursive: true })
  const programs = guards.forRun({
    run: 'r',
    by: 'c',
    isOwn,
    data,
    treatmentOf: async () => (isOwn ? 'owner' : 'apart')
  })
  const output = join(work, 'output')
  const program = await programs.spawn({
    ...{ name: 'job x', argv: ['/bin/sh'], brought: ['/bin/sh'], folder, stdout: output, stderr: output },
    work: {
      ...{ folder: join(data, '.work'), image: id, env },
      async prepare({ cwd, out }) {
        mkdirSync(join(cwd, 'inputs'))
        writeFileSync(join(cwd, 'inputs/a'), 'from a\n')
        return { argv: ['/bin/sh', '-c', script], env: { OUT: out, PATH: '/nowhere' }, readOnly: [join(cwd, 'inputs')] }
      }
    }
  })
  return { program, programs, folder, said: () => readFileSync(output, 'utf8') }
}

/** @returns what is there of containers on this machine because of a home */
function leftOf(home: string) {
  return {
    mounts: ownMounts().filter(({ point }) => point.startsWith(home)).length,
    folders: existsSync(join(home, 'containers')) ? readdirSync(join(home, 'containers')) : [],
    runtime: existsSync(runtimeOf(home)) ? readdirSync(runtimeOf(home)) : [],
    cgroups: cgroupsOfPodman().filter(each => own.has(each.slice(-ID_LENGTH)))
  }
}

const runtimeOf = (home: string) => `${runtimeFolderOf(keyOfHome(home), true)}`

const cgroupsOfPodman = () =>
  execFileSync('find', ['/sys/fs/cgroup', '-maxdepth', '3', '-name', 'libpod-*'], { encoding: 'utf8' })
    .split('\n')
    .filter(each => each !== '')

const ID_LENGTH = 64
/** Ids of containers of these tests: others on this machine come and go meanwhile. */
const own = new Set<string>()

/** @returns how many containers of a home there are now, which `leftOf` looks for from now on */
function noteContainers(home: string): number {
  const found = globSync(join(home, 'containers/*/root/*-containers/*')).filter(each => /\/[0-9a-f]{64}$/.test(each))
  for (const each of found) own.add(each.slice(-ID_LENGTH))
  return found.length
}

const isRunning = (mark: string) =>
  readdirSync('/proc').some(pid => /^\d+$/.test(pid) && linesOf(`/proc/${pid}/cmdline`).includes(mark))

function linesOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

const nothing = { mounts: 0, folders: [], runtime: [], cgroups: [] }

testPodman('a job of others reads its inputs, writes its outputs, and can do nothing else', async () => {
  const opened = await open({ network: false })
  const script = `id -u; cat inputs/a > $OUT/b; echo "$A $HOME"; touch inputs/x; touch /bin/x; touch /tmp/x && ls /tmp
    cat /proc/self/status | while read key value; do case $key in CapEff:|NoNewPrivs:) echo $key $value;; esac; done
    ls /sys/class/net; echo "$PATH"; exit 7`
  const { program, programs, folder, said } = await start(opened, { script, env: { A: 'a=b c' } })
  assert.is((await program.exited).exit, 7, said())
  noteContainers(opened.home)
  assert.equal(await program.collect(), [])
  const lines = said().split('\n')
  for (const each of ['65534', 'x', 'CapEff: 0000000000000000', 'NoNewPrivs: 1', 'lo'])
    assert.ok(lines.includes(each), said())
  assert.match(said(), /^a=b c \/.*\.work$/m)
  assert.match(said(), /cannot touch 'inputs\/x': Read-only/)
  assert.match(said(), /cannot touch '\/bin\/x': Read-only/)
  assert.not.match(said(), /nowhere|eth0/)
  assert.is(readFileSync(join(folder, 'b'), 'utf8'), 'from a\n')
  await programs.end()
  assert.equal(leftOf(opened.home), nothing)
  const [line] = await readAudit(join(opened.home, 'audit'))
  assert.equal([line?.name, line?.as], ['job x', 'in an image of podman, as nobody (65534), without privileges'])
  await opened.close()
})

testPodman('a job of the owner runs as the owner', async () => {
  const opened = await open()
  const { program, programs, said } = await start(opened, { script: 'id -u; touch $OUT/b', isOwn: true })
  assert.is((await program.exited).exit, 0, said())
  noteContainers(opened.home)
  await program.collect()
  assert.match(said(), /^0$/m)
  await programs.end()
  assert.equal(leftOf(opened.home), nothing)
  await opened.close()
})

testPodman('a job that ignores what ends it is killed with all that it started', async () => {
  const opened = await open()
  const script = `trap '' TERM; echo begun; sleep 4242 & sleep 4242`
  const { program, programs, said } = await start(opened, { script })
  await until(() => said().includes('begun'), { what: said })
  assert.is(noteContainers(opened.home), 1)
  const began = performance.now()
  const { signal } = await program.stop({ grace: 200 })
  await program.collect()
  assert.is(signal, 'SIGKILL')
  assert.ok(performance.now() - began < 3_000)
  await until(() => !isRunning('sleep 4242'))
  assert.equal(leftOf(opened.home), nothing)
  await programs.end()
  await opened.close()
})

testPodman('nothing is left of a job whose daemon was killed, once the next one has started', async () => {
  const { folder: home, close } = createWorkspace('containers-killed')
  const child = spawn(process.execPath, [import.meta.filename, home], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  assert.ok(isRunning('sleep 4343'))
  child.kill('SIGKILL')
  await until(() => !isRunning('sleep 4343'))
  assert.is(noteContainers(home), 1)
  const { mounts, folders, cgroups } = leftOf(home)
  assert.equal([mounts, folders.length, cgroups.length > 0], [0, 1, true])
  await new Containers({ folder: join(home, 'containers'), runtime: runtimeOf(home), isRoot: true }).clear()
  assert.equal(leftOf(home), nothing)
  await close()
})

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    ({ code, message }: BakError) => `${code}: ${message}`
  )

testPodman('images that are here are found by name, and one that is not is named', async () => {
  const containers = new Containers({ folder: '/nowhere', runtime: undefined, isRoot: true })
  const { id, names } = await containers.find(IMAGE)
  assert.match(id, /^[0-9a-f]{64}$/)
  assert.is(names[0], IMAGE)
  assert.equal((await containers.find(id)).names, names)
  assert.equal(await containers.present(['localhost/other', IMAGE]), [IMAGE])
  assert.is(
    await failureOf(containers.find('localhost/other')),
    'tool-unavailable: there is no image localhost/other here: podman pull localhost/other'
  )
})

test('without podman it is said so', async () => {
  const { PATH } = process.env
  process.env.PATH = '/nowhere'
  try {
    const containers = new Containers({ folder: '/nowhere', runtime: undefined, isRoot: true })
    assert.match(
      await failureOf(containers.find(IMAGE)),
      /^tool-unavailable: podman is not on the PATH: jobs with an image do not run here$/
    )
    assert.equal(await containers.present([IMAGE]), [])
  } finally {
    process.env.PATH = PATH
  }
})

/** As a daemon that is killed. */
async function beKilled(home: string): Promise<void> {
  const supervisor = new Supervisor({ ledger: join(home, 'ledger') })
  mkdirSync(join(home, 'work'))
  const audit = new Audit({ path: join(home, 'audit'), onError: () => {} })
  const guards = await Guards.open({
    home,
    work: join(home, 'work'),
    supervisor,
    audit,
    limits: {},
    allow
  })
  const { said } = await start({ guards, work: join(home, 'work') }, { script: 'echo begun; sleep 4343' })
  await until(() => said().includes('begun'), { what: said })
  process.stdout.write('begun\n')
}

if (home != null) await beKilled(home)
else test.run()
