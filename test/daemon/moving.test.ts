/** Results that go elsewhere, with real daemons: an archive, a folder, a pbench server; by hand, and when a run ends. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { RunEvent } from '../../protocols/events.ts'
import { verifyFolder } from '../../protocols/verify.ts'
import { logOf, startRun, useTestnet } from '../helpers/mesh.ts'
import { PbenchServer, TOKEN } from '../helpers/pbench-server.ts'
import { needs, skipWhere } from '../helpers/skip.ts'
import { until } from '../helpers/until.ts'

const moving = suite('moving results')
const ofServer = skipWhere(needs('xz') ?? needs('tar'), moving)
/** `arch` and `brch` archive. */
const net = useTestnet(moving, {
  peers: ['a', 'b', 'arch', 'brch'],
  args: name => ['--label', name.endsWith('rch') ? 'archive=true' : 'role=db']
})
const env = { PBENCH_ACCESS_TOKEN: TOKEN }
let server: PbenchServer
let disk: string

moving.before(async () => {
  server = await PbenchServer.start()
  disk = mkdtempSync(join(tmpdir(), 'bak-moved-'))
})
moving.after(async () => {
  await server.stop()
  rmSync(disk, { recursive: true, force: true })
})

const folderOn = (peer: string, run: string) => join(net().peer(peer).home, 'runs', run)
const beside = (peer: string, run: string) =>
  readdirSync(join(net().peer(peer).home, 'runs')).filter(name => name.startsWith(run) && name !== run)

async function measured(words: string[] = []): Promise<string> {
  const run = await startRun(net(), 'a', [
    '--on',
    'a,b',
    '--sysinfo',
    'none',
    '--tools',
    'proc',
    ...words,
    '--',
    'true'
  ])
  const { status, stderr } = await run.finished
  assert.is(status, 0, stderr)
  return run.run
}

/** Runs `bak` on a, which must go well. */
async function bak(...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await net().bak('a', words, { env })
  assert.is(status, 0, `${words.join(' ')}: ${stderr}`)
  return stdout
}

moving('archive is whichever peer has the label; which one is said, and the run verifies there', async () => {
  const run = await measured()
  const said = await bak('move', run, 'archive')
  assert.match(said, new RegExp(`^run ${run} is with arch, .*; arch was taken of arch, brch\n$`))
  assert.not.ok(existsSync(folderOn('a', run)))
  const verified = await net().bak('arch', ['verify', run])
  assert.is(verified.status, 0, verified.stderr)
  assert.match(verified.stdout, 'as it was signed')
  const line = (await bak('ls')).split('\n').find(each => each.startsWith(run))
  assert.match(line ?? '', /\barch\b/)
  assert.match(await bak('show', run), /folder:\s+on arch\n/)
  assert.match(await bak('show', run), /moved to:\s+arch\n/)
  const mesh = JSON.parse(await bak('ls', '--mesh', '--json')).runs.filter((each: { run: string }) => each.run === run)
  assert.equal(
    mesh.map((each: { at?: string }) => each.at),
    ['arch'],
    'it is there once, with who has it'
  )
})

moving('a copy leaves the result here; both verify', async () => {
  const run = await measured()
  assert.match(await bak('copy', run, 'brch'), /is with brch, .*, and here/)
  assert.is((await net().bak('a', ['verify', run])).status, 0)
  assert.is((await net().bak('brch', ['verify', run])).status, 0)
})

moving('without a peer that archives the error says what is missing', async () => {
  const run = await measured()
  const { status, stderr } = await net().bak('a', ['move', run, 'b'])
  assert.is(status, 77)
  assert.match(stderr, 'b takes no results: it has not the label archive=true')
  assert.ok(existsSync(folderOn('a', run)))
})

moving('several runs go to a folder, verified there; ls and show say where they are', async () => {
  const runs = [await measured(), await measured()]
  const said = await bak('move', ...runs, disk)
  for (const run of runs) {
    assert.match(said, `run ${run} is in ${join(disk, run)}, `)
    assert.not.ok(existsSync(folderOn('a', run)))
    assert.ok((await verifyFolder(join(disk, run))).ok)
    assert.is((await net().bak('b', ['verify', join(disk, run)])).status, 0)
    assert.is((await net().bak('a', ['verify', run])).status, 0, 'also by its id, where it came from')
    assert.match(await bak('show', run), new RegExp(`moved to: +${join(disk, run)}`))
  }
  const list = await bak('ls')
  assert.match(list, 'MOVED TO')
  for (const run of runs) assert.match(list, join(disk, run))
  const again = await net().bak('a', ['move', runs[0] as string, disk])
  assert.is(again.status, 66)
  assert.match(again.stderr, `was moved to ${join(disk, runs[0] as string)}`)
  assert.match(
    await bak('rm', runs[0] as string),
    `forgotten here; its result is still at ${join(disk, runs[0] as string)}`
  )
  assert.not.match(await bak('ls'), runs[0] as string)
  assert.ok(existsSync(join(disk, runs[0] as string)))
})

moving('a relative folder is that of who types it; what is there already is kept', async () => {
  const run = await measured()
  mkdirSync(join(disk, 'mine', run), { recursive: true })
  writeFileSync(join(disk, 'mine', run, 'x'), 'x')
  const { status, stderr } = await net().bak('a', ['move', run, './mine'], { cwd: disk })
  assert.is(status, 73, stderr)
  assert.match(stderr, 'exists already')
  assert.ok(existsSync(folderOn('a', run)))
  assert.match(await bak('copy', run, `file:${disk}`), join(disk, run))
})

ofServer('a pbench server gets name, metadata and content; it has them before the copy here goes', async () => {
  const run = await measured(['--name', 'nightly'])
  const to = `${server.url}/api/v1`
  const said = await bak(
    'move',
    run,
    to,
    '--access',
    'public',
    '--metadata',
    'global.campaign:c1',
    '--metadata',
    'user.a:b'
  )
  const dataset = [...server.datasets.values()].find(each => each.name === run)
  assert.is(dataset?.access, 'public')
  assert.equal(dataset?.metadata, ['global.campaign:c1', 'user.a:b'])
  assert.is(dataset?.metalog.pbench?.config, 'nightly')
  assert.match(said, `run ${run} is at ${to}/datasets/${dataset?.md5}, `)
  assert.not.ok(existsSync(folderOn('a', run)))
  execFileSync('tar', ['-xJf', dataset?.tarball as string, '-C', disk])
  assert.is((await net().bak('b', ['verify', join(disk, run)])).status, 0, 'what the server has verifies')
  assert.match(await bak('show', run), new RegExp(`moved to: +${to}/datasets/${dataset?.md5}`))
  assert.match(await bak('ls'), `${to}/datasets/`)
  assert.equal(readdirSync(join(net().peer('a').home, 'work')), [])
})

ofServer('a server that refuses, or breaks off, loses nothing, and the same command succeeds later', async () => {
  const run = await measured()
  server.plan.push(401)
  const refused = await net().bak('a', ['move', run, server.url], { env })
  assert.is(refused.status, 77)
  assert.match(refused.stderr, /answered 401.*PBENCH_ACCESS_TOKEN or --token-file/)
  assert.is((await net().bak('a', ['verify', run])).status, 0)
  server.plan.push(503, 'cut', 'lose')
  await bak('move', run, server.url)
  assert.ok([...server.datasets.values()].some(each => each.name === run))
  assert.not.ok(existsSync(folderOn('a', run)))
})

ofServer('without a token nothing is sent; a token file that others may read is warned of', async () => {
  const run = await measured()
  const none = await net().bak('a', ['move', run, server.url], { env: { PBENCH_ACCESS_TOKEN: '' } })
  assert.is(none.status, 64)
  assert.match(none.stderr, 'PBENCH_ACCESS_TOKEN, or --token-file')
  const file = join(disk, 'token')
  writeFileSync(file, `${TOKEN}\n`, { mode: 0o644 })
  const open = await net().bak('a', ['copy', run, server.url, '--token-file', file])
  assert.is(open.status, 0, open.stderr)
  assert.match(open.stderr, `chmod 600 '${file}'`)
  assert.match((await net().bak('a', ['copy', run, server.url, '--token-file', '/none'])).stderr, 'no such file')
  assert.not.match(logOf(net(), 'a'), TOKEN)
})

ofServer('a daemon that is killed while it sends has the result whole; the same command then moves it', async () => {
  const run = await measured()
  server.plan.push('hang')
  const seen = server.seen.length
  const sending = net().bak('a', ['move', run, server.url], { env })
  await until(() => server.seen.length > seen, { timeout: 20_000, what: () => 'nothing was sent' })
  await net().stopPeer('a', 'SIGKILL')
  assert.is((await sending).status, 5)
  await net().startPeer('a')
  assert.is((await net().bak('a', ['verify', run])).status, 0)
  assert.equal(readdirSync(join(net().peer('a').home, 'work')), [])
  await bak('move', run, server.url)
  assert.not.ok(existsSync(folderOn('a', run)))
})

moving(
  'a daemon that is killed in the middle of a copy has the result whole, and nothing has its name there',
  async () => {
    await net().until('a', all => all.filter(({ state }) => state === 'alive').length === 4)
    const many = 'i=0; while [ $i -lt 3000 ]; do echo $i >"$BAK_OUT/$i"; i=$((i+1)); done'
    const run = await startRun(net(), 'a', [
      ...['--on', 'a', '--sysinfo', 'none', '--tools', 'none'],
      '--',
      'sh',
      '-c',
      many
    ])
    assert.is((await run.finished).status, 0)
    const half = () => readdirSync(disk).some(name => name.startsWith(`.${run.run}.`))
    const copying = net().bak('a', ['move', run.run, disk])
    await until(half, { timeout: 20_000, what: () => 'nothing was copied' })
    await net().stopPeer('a', 'SIGKILL')
    await copying
    assert.ok(half() && !existsSync(join(disk, run.run)))
    await net().startPeer('a')
    assert.is((await net().bak('a', ['verify', run.run])).status, 0)
    await bak('move', run.run, disk)
    assert.ok((await verifyFolder(join(disk, run.run))).ok)
    assert.not.ok(half() || existsSync(folderOn('a', run.run)))
  }
)

moving('on a peer that archives itself a result has come to its archive when the run ends', async () => {
  await net().until('arch', all => all.some(({ name, state }) => name === 'a' && state === 'alive'))
  const words = ['run', '--on', 'arch', '--tools', 'none', '--sysinfo', 'none', '--move-to', 'archive', '--', 'true']
  const { status, stdout, stderr } = await net().bak('arch', words)
  assert.is(status, 0, stderr)
  const run = /run (\S+): ok/.exec(stdout + stderr)?.[1] as string
  assert.is((await net().bak('arch', ['verify', run])).status, 0)
  assert.equal(beside('arch', run), [])
  assert.match((await net().bak('arch', ['move', run, 'archive'])).stderr, 'in an archive already: arch')
})

moving('--move-to takes the result along when the run has ended, and the last line says where it is', async () => {
  await net().until('a', all => all.filter(({ state }) => state === 'alive').length === 4)
  const { status, stdout, stderr } = await net().bak('a', [
    ...['run', '--on', 'a', '--sysinfo', 'none', '--tools', 'none', '--move-to', disk, '--', 'true']
  ])
  assert.is(status, 0, stderr)
  const run = /run (\S+): ok/.exec(stdout + stderr)?.[1] as string
  assert.is((stdout + stderr).trim().split('\n').at(-1), `moved to ${join(disk, run)}`)
  assert.ok((await verifyFolder(join(disk, run))).ok)
  assert.equal(beside('a', run), [`${run}.moved`])
  const again = await startRun(net(), 'a', ['--on', 'a', '--tools', 'none', '--move-to', 'archive', '--', 'false'])
  assert.is((await again.finished).status, 1, 'a run that failed has a result too')
  assert.is((await net().bak('arch', ['verify', again.run])).status, 0)
})

ofServer('a run file names a server; a failure there changes no verdict, and is in the exit status', async () => {
  const file = join(disk, 'run.toml')
  writeFileSync(
    file,
    `on = "a"\ntools = []\nsysinfo = "none"\nmove_to = "${server.url}?access=public"\ncommand = ["true"]\n`
  )
  server.plan.push(400)
  const { status, stderr, stdout } = await net().bak('a', ['run', file], { env })
  assert.is(status, 2)
  const said = stdout + stderr
  const run = /run (\S+): ok/.exec(said)?.[1] as string
  assert.match(said, `not moved to ${server.url}?access=public: 127.0.0.1`)
  assert.is(said.trim().split('\n').at(-1), folderOn('a', run))
  assert.is((await net().bak('a', ['verify', run])).status, 0)
  assert.match(await bak('show', run), /not moved: +to http.*answered 400.*; bak move/)
  const attached = await net().bak('a', ['attach', run, '--json'])
  assert.is(attached.status, 2, 'also for who attaches later')
  const last = JSON.parse(attached.stdout.trim().split('\n').at(-1) as string) as RunEvent
  assert.is(last.type, 'moved')
  await bak('move', run, `${server.url}?access=public`)
  assert.equal(beside('a', run), [`${run}.moved`])
})

ofServer('a daemon that ends while it moves the result of a run says so when it is back', async () => {
  server.plan.push('hang')
  const seen = server.seen.length
  const child = net().spawnBak('a', ['run', '--on', 'a', '--tools', 'none', '--move-to', server.url, '--', 'true'], {
    env
  })
  await until(() => server.seen.length > seen, { timeout: 30_000, what: () => 'nothing was sent' })
  const [run] = readdirSync(join(net().peer('a').home, 'runs'))
    .filter(name => name.endsWith('.due'))
    .slice(-1)
  await net().stopPeer('a', 'SIGKILL')
  await new Promise(resolve => child.once('close', resolve))
  await net().startPeer('a')
  const id = run?.slice(0, -'.due'.length) as string
  assert.match(await bak('show', id), 'the daemon ended before it was there; bak move')
  assert.is((await net().bak('a', ['verify', id])).status, 0)
})

moving('where the result could not go is said before anybody is asked', async () => {
  const before = readdirSync(join(net().peer('a').home, 'runs')).length
  const cases: Array<[string, number, RegExp]> = [
    ['/no/such/folder', 73, /mkdir \/no\/such\/folder/],
    ['nobody', 66, /"nobody" selects 0 peers/],
    ['ftp://x', 64, /address begins with https/],
    ['https://me:secret@x', 64, /PBENCH_ACCESS_TOKEN/]
  ]
  for (const [to, status, why] of cases)
    for (const more of [[], ['--dry-run']]) {
      const words = ['run', '--on', 'a', '--move-to', to, ...more, '--', 'true']
      const refused = await net().bak('a', words, { env: { PBENCH_ACCESS_TOKEN: '' } })
      assert.is(refused.status, status, `${to}: ${refused.stderr}`)
      assert.match(refused.stderr, why)
      assert.not.match(refused.stderr, 'secret@')
    }
  const token = await net().bak('a', ['run', '--move-to', server.url, '--', 'true'], {
    env: { PBENCH_ACCESS_TOKEN: '' }
  })
  assert.is(token.status, 64)
  assert.is(readdirSync(join(net().peer('a').home, 'runs')).length, before)
})

moving('a result of which a member may still have data stays where it can be completed', async () => {
  const words = ['--on', 'a,b', '--tools', 'proc', '--sysinfo', 'none', '--quorum', '1', '--move-to', disk]
  const run = await startRun(net(), 'a', [...words, '--', 'sleep', '1'])
  await run.until(event => event.type === 'workload-started')
  await net().stopPeer('b', 'SIGKILL')
  const { status, stderr } = await run.finished
  assert.is(status, 2, stderr)
  const moved = run.events.find(({ type }) => type === 'moved') as { error?: string }
  assert.match(moved.error ?? '', /b \((lost|timeout|unreachable)\); bak collect/)
  assert.is((await net().bak('a', ['move', run.run, disk])).status, 75)
  assert.match(await bak('copy', run.run, disk), 'and here')
  assert.match(await bak('move', run.run, 'arch'), 'is with arch')
})

moving.run()
