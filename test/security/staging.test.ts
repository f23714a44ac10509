/** What a controller may have stored on the machines of others, and what the phase `stage` says where it may not. */
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { placeArtifact } from '../../node/artifacts/place.ts'
import { callDaemon, callOnce } from '../../protocols/control-http.ts'
import type { BakError } from '../../protocols/errors.ts'
import type { SpecInput } from '../../protocols/spec.ts'
import { type StageRequest, stageProtocol } from '../../protocols/stage.ts'
import { PLATFORM } from '../../protocols/staged.ts'
import { askOne } from '../../protocols/stream.ts'
import { noise } from '../artifacts/scratch-artifacts.ts'
import { Inside } from '../helpers/inside.ts'
import { until } from '../helpers/until.ts'
import { plant, scratch } from '../store/scratch.ts'

const test = suite('what is staged')
const MIB = 1024 * 1024
let inside: Inside
test.before(async () => {
  inside = await Inside.start({
    a: {},
    b: { artifacts: { bytes: 8 * MIB, largest: 4 * MIB } },
    pins: { artifacts: { pinned: MIB } },
    closed: { allow: { stage: false } },
    listed: { allow: { exec: ['watcher'] } },
    picky: { allow: { stage: ['someone'] } }
  })
  await inside.join('agent', 'agent')
})
test.after(() => inside.stop())

const storeOf = (name: string) => inside.daemon(name).parts.artifacts.store
const partOf = (name: string) => inside.daemon(name).parts.home.artifacts

async function tree(files: Record<string, string | Uint8Array>): Promise<string> {
  const root = scratch()
  await plant(join(root, 'data'), files)
  return join(root, 'data')
}

test('the first run brings it, the second brings nothing, and modes and links are kept', async () => {
  const path = await tree({ 'run.sh': '#!/bin/sh\n', 'd/big': noise(MIB) })
  chmodSync(join(path, 'run.sh'), 0o750)
  symlinkSync('../run.sh', join(path, 'd/link'))
  const first = await inside.run('a', { on: 'a,b', stage: [path] })
  assert.is(first.ended.verdict, 'ok', first.ended.reason)
  const { contents = [], members = [] } = first.record.staged ?? {}
  assert.equal(
    contents.map(({ path, bytes }) => ({ path, bytes })),
    [{ path: 'data', bytes: MIB + 10 }]
  )
  assert.equal(
    members.map(({ name, bytes, source }) => ({ name, bytes, source })),
    [
      { name: 'a', bytes: 0, source: 0 },
      { name: 'b', bytes: MIB + 10, source: MIB + 10 }
    ]
  )
  const second = await inside.run('a', { on: 'a,b', stage: [path] })
  assert.equal(
    second.record.staged?.members.map(({ bytes }) => bytes),
    [0, 0]
  )
  const into = join(scratch(), 'x')
  await placeArtifact(storeOf('b'), contents[0]?.digest as string, into)
  assert.is(statSync(join(into, 'run.sh')).mode & 0o777, 0o750)
  assert.is(statSync(join(into, 'd/link')).size, 10)
  // it is needed by nobody any more
  await until(() => !storeOf('b').needs.has(contents[0]?.digest as string))
  await until(() => !storeOf('a').needs.has(contents[0]?.digest as string))
})

test('what leads outside is refused by name before anybody is asked', async () => {
  const path = await tree({ x: '1' })
  symlinkSync('../../secret', join(path, 'out'))
  const error = await inside.run('a', { on: 'a,b', stage: [path] }).catch(cause => cause)
  assert.is(error.code, 'usage')
  assert.match(error.message, /data\/out is a link to \.\.\/\.\.\/secret, which is outside/)
})

test('two paths of one name are refused, and may be put elsewhere', async () => {
  const [one, two] = [await tree({ x: '1' }), await tree({ x: '2' })]
  const error = await inside.run('a', { on: 'a', stage: [one, two] }).catch(cause => cause)
  assert.match(error.message, /data is there twice/)
  const { record } = await inside.run('a', { on: 'a', stage: [one, join(two, '..').concat('/./data/x')] })
  assert.equal(
    record.staged?.contents.map(({ path }) => path),
    ['data', 'data/x']
  )
})

for (const [name, rule] of [
  ['closed', /allow\.stage lets no other peer store files here; it is set in .*--allow-stage/],
  ['picky', /allow\.stage does not name 12D3KooW/]
] as const) {
  test(`a member whose owner lets nobody store files refuses to join by its rule: ${name}`, async () => {
    const path = await tree({ x: '1' })
    const { record, ended } = await inside.run('a', { on: `a,${name}`, stage: [path], policy: { quorum: 1 } })
    assert.is(ended.verdict, 'ok')
    const [out] = record.excluded
    assert.equal([out?.name, out?.phase, out?.code], [name, 'join', 'not-allowed'])
    assert.match(out?.reason ?? '', rule)
    assert.equal(existsSync(partOf(name)) ? readdirSync(partOf(name)) : [], [])
    assert.is((await inside.run('a', { on: `a,${name}` })).ended.verdict, 'ok')
  })
}

test('a file that is larger than a member takes is refused by its limit when it joins', async () => {
  const path = await tree({ big: noise(5 * MIB) })
  const { record } = await inside.run('a', { on: 'a,b', stage: [path], policy: { quorum: 1 } })
  assert.match(record.excluded[0]?.reason ?? '', /artifacts\.largest is 4194304, and data has 5242880 bytes/)
})

test('beyond the cap of a member what is not pinned goes, and what is pinned stays', async () => {
  const paths = await Promise.all([1, 2, 3].map(seed => tree({ x: noise(3 * MIB, seed) })))
  const digests: string[] = []
  for (const path of paths) {
    const { record } = await inside.run('a', { on: 'a,b', stage: [path] })
    digests.push(record.staged?.contents[0]?.digest as string)
    if (digests.length === 1) {
      const by = inside.daemon('b').parts.identity.peer
      await storeOf('b').describe(digests[0] as string, { by, pinned: true })
    }
  }
  assert.equal(
    digests.map(digest => storeOf('b').get(digest) != null),
    [true, false, true]
  )
})

test('four runs stage at once, the same and others', async () => {
  const shared = await tree({ x: noise(MIB, 40) })
  const paths = await Promise.all([41, 42, 43, 44].map(seed => tree({ y: noise(MIB / 2, seed) })))
  const runs = await Promise.all(paths.map(path => inside.run('a', { on: 'a,b', stage: [shared, `${path}/./y`] })))
  assert.ok(
    runs.every(({ ended }) => ended.verdict === 'ok'),
    runs.map(({ ended }) => ended.reason).join()
  )
  for (const { record } of runs) {
    for (const { digest } of record.staged?.contents ?? []) assert.ok(storeOf('b').get(digest))
  }
})

test('a member without room for it is named with the phase, and the others go on', async () => {
  const pinned = await tree({ x: noise(3 * MIB, 60) })
  const { record: first } = await inside.run('a', { on: 'a,b', stage: [pinned] })
  const by = inside.daemon('b').parts.identity.peer
  await storeOf('b').describe(first.staged?.contents[0]?.digest as string, { by, pinned: true })
  const next = await tree({ x: noise(3 * MIB, 61) })
  const { record } = await inside.run('a', { on: 'a,b', stage: [next], policy: { quorum: 1 } })
  const [out] = record.excluded
  assert.equal([out?.name, out?.phase, out?.code], ['b', 'stage', 'no-space'])
  assert.match(
    out?.reason ?? '',
    /^data is not here: no room among the artifacts for \d+ bytes: artifacts\.bytes is 8388608/
  )
})

test('a file that changes is another content', async () => {
  const path = await tree({ x: 'one' })
  const digest = async () => (await inside.run('a', { on: 'a', stage: [path] })).record.staged?.contents[0]?.digest
  const before = await digest()
  writeFileSync(join(path, 'x'), 'two')
  assert.is.not(await digest(), before)
})

/** What `bak stage` answers for a member, in words. */
async function stage(from: string, on: string, more: object = {}): Promise<string> {
  const { home } = inside.daemon(from).parts
  const path = await tree({ x: noise(10_000, 70) })
  const request = { path, directory: '/', on, ...more }
  try {
    for await (const answer of callDaemon(home.socket, 'stage', request)) {
      if (answer.state === 'failed') return `${answer.code}: ${answer.error}`
      if (answer.state === 'here') return `here: ${answer.bytes}`
    }
  } catch (cause) {
    return `${(cause as BakError).code}: ${(cause as BakError).message}`
  }
  return 'nothing'
}

test('bak stage keeps to the rules of the owner as runs do', async () => {
  assert.is(await stage('a', 'b'), 'here: 10000')
  assert.match(await stage('a', 'closed'), /^not-allowed: allow\.stage lets no other peer store files here/)
  assert.match(await stage('a', 'picky'), /^not-allowed: allow\.stage does not name/)
  assert.is(await stage('closed', 'closed'), 'here: 0')
})

test('a pin beyond what the owner lets others pin is refused, and what came stays without it', async () => {
  const path = await tree({ x: noise(2 * MIB, 71) })
  const said = await stage('a', 'pins', { path, pin: true })
  assert.match(said, /^not-allowed: artifacts\.pinned here is 1048576, and \d+ bytes would be pinned by other peers/)
  assert.equal(
    storeOf('pins')
      .list()
      .map(({ pinned }) => pinned),
    [false]
  )
})

test('an agent may have nothing stored, list nothing and remove nothing on other peers', async () => {
  const { home, streams, identity } = inside.daemon('agent').parts
  assert.match(await stage('agent', 'b'), /^not-allowed: this peer is an agent: it may not store files on other peers/)
  assert.is(await stage('agent', 'agent'), 'here: 0')
  const b = inside.daemon('b').parts.identity.peer
  const fetch = { type: 'fetch', digest: '0'.repeat(64), bytes: 1, path: 'x', pinned: false, from: [] } as const
  for (const request of [fetch, { type: 'list' }, { type: 'remove', what: '0' }] as StageRequest[]) {
    const error = await askOne(streams.to(b), stageProtocol, request).catch(cause => cause)
    assert.is(error.code, 'not-allowed', request.type)
    assert.match(error.message, new RegExp(`${identity.peer} is an agent: it may not store files`))
  }
  assert.is((await callOnce(home.socket, 'staged', { on: 'agent' })).artifacts.length, 1)
})

test('what the owner of a machine stored no other peer removes', async () => {
  const path = await tree({ x: noise(20_000, 72) })
  assert.is(await stage('b', 'b', { path, as: 'mine' }), 'here: 0')
  const unstage = async (from: string) => {
    for await (const answer of callDaemon(inside.daemon(from).parts.home.socket, 'unstage', {
      what: 'mine',
      on: 'b'
    })) {
      return answer.state === 'failed' ? answer.error : answer.state
    }
  }
  assert.match((await unstage('a')) ?? '', /mine was stored by the owner of this machine/)
  assert.is(await unstage('b'), 'removed')
})

test('workloads find what is staged in their working folders, each its own copy, and what is for another not', async () => {
  const root = scratch()
  await plant(root, {
    'run.sh': '#!/bin/sh\ncat data/x; ls; echo changed >data/x; cat data/x\n',
    'data/x': 'one\n',
    more: ''
  })
  chmodSync(join(root, 'run.sh'), 0o755)
  const { folder, ended, record } = await inside.run('a', {
    on: 'a,b',
    command: undefined as never,
    stage: [join(root, 'run.sh'), join(root, 'data')],
    workload: [
      { name: 'one', command: ['./run.sh'], stage: [join(root, 'more')] },
      { name: 'two', command: ['run.sh'], on: 'b' }
    ]
  })
  assert.is(ended.verdict, 'ok', ended.reason)
  const said = (member: string, workload: string) =>
    readFileSync(join(folder, `1-default/sample1/workload/${member}/${workload}/stdout.txt`), 'utf8')
  for (const member of ['a', 'b']) assert.is(said(member, 'one'), 'one\ndata\nmore\nrun.sh\nchanged\n')
  assert.is(said('b', 'two'), 'one\ndata\nrun.sh\nchanged\n')
  assert.is(record.staged?.contents.find(({ path }) => path === 'more')?.for, 'one')
})

/** A tool whose program is in a bundle, and says what it sees. */
async function bundle(platform: string): Promise<Partial<SpecInput>> {
  const root = scratch()
  const script = '#!/bin/sh\nhelper\necho "lib=$LD_LIBRARY_PATH words=$* who=$(id -u)"\nexec sleep 100\n'
  await plant(root, { 'b/bin/watcher': script, 'b/helper': '#!/bin/sh\necho helped\n', 'b/lib/libx.so': '' })
  for (const path of ['b/bin/watcher', 'b/helper']) chmodSync(join(root, path), 0o755)
  return {
    tools: ['watch'],
    tool: { watch: { command: ['watcher', 'a b'], bundle: { [platform]: join(root, 'b') } } }
  }
}

test('a tool is run from its bundle, with its libraries, on members of its platform', async () => {
  const { record, ended, folder } = await inside.run('a', { on: 'a,b', ...(await bundle(PLATFORM)) })
  assert.is(ended.verdict, 'ok', ended.reason)
  assert.equal(record.shortfalls, [])
  assert.equal(
    record.staged?.contents.map(({ path, tool, platform }) => [path, tool, platform]),
    [['b', 'watch', PLATFORM]]
  )
  for (const name of ['a', 'b']) {
    const said = readFileSync(join(folder, `1-default/sample1/tools-default/${name}/watch/watch-stdout.txt`), 'utf8')
    assert.match(said, /^helped\nlib=\/\S+\/bundles\/watch\/lib words=a b who=\d+\n$/)
    assert.not.ok(existsSync(/lib=(\S+)/.exec(said)?.[1] as string), 'it is gone with the run')
    if (process.getuid?.() === 0) assert.is(/who=(\d+)/.exec(said)?.[1] === '0', name === 'a')
  }
})

test('a member without a bundle for its platform lacks the tool by name, or is out', async () => {
  const spec = { on: 'a,b', ...(await bundle('plan9-mips')) }
  const { record } = await inside.run('a', spec)
  assert.equal(
    record.shortfalls.map(({ what, member, reason }) => [what, member, reason]).sort(),
    ['a', 'b'].map(name => ['watch', name, `no bundle for ${PLATFORM}`])
  )
  const strict = await inside.run('a', { ...spec, policy: { on_missing_tool: 'exclude' } })
  const [out] = strict.record.excluded
  assert.equal([out?.code, out?.reason], ['tool-unavailable', `watch: no bundle for ${PLATFORM}`])
})

test('an owner who names programs lets nobody bring another under such a name', async () => {
  const { record } = await inside.run('a', { on: 'a,listed', ...(await bundle(PLATFORM)), policy: { quorum: 1 } })
  assert.match(
    record.excluded[0]?.reason ?? '',
    /allow\.exec names programs of this machine, and tool watch brings its own/
  )
})

test.run()
