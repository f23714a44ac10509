/** Lists of results, their tags, and how they go, with real daemons. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startRun, useTestnet } from '../helpers/mesh.ts'

const lists = suite('lists of results')
/** `arch` archives. */
const net = useTestnet(lists, {
  peers: ['a', 'b', 'arch'],
  args: name => (name === 'arch' ? ['--label', 'archive=true'] : [])
})
let disk: string

lists.before(() => {
  disk = mkdtempSync(join(tmpdir(), 'bak-lists-'))
})
lists.after(() => rmSync(disk, { recursive: true, force: true }))

const folderOn = (peer: string, run: string) => join(net().peer(peer).home, 'runs', run)

async function measured(peer: string, ...words: string[]): Promise<string> {
  const options = ['--on', peer, '--sysinfo', 'none', '--tools', 'none', ...words]
  const run = await startRun(net(), peer, [...options, '--', 'true'])
  const { status, stderr } = await run.finished
  assert.is(status, 0, stderr)
  return run.run
}

async function bak(peer: string, ...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await net().bak(peer, words)
  assert.is(status, 0, `${words.join(' ')}: ${stderr}`)
  return stdout
}
const runsIn = async (...words: string[]): Promise<string[]> =>
  JSON.parse(await bak('a', 'ls', '--json', ...words)).runs.map(({ run }: { run: string }) => run)

lists('tags that are given later find a run, are named beside its seal, and go with the result', async () => {
  const run = await measured('a', '--name', 'fio', '--tag', 'kernel=6.18')
  const other = await measured('a', '--name', 'fio', '--tag', 'kernel=6.9')
  assert.match(await bak('a', 'tag', run, 'keep=yes', 'note=a b'), /keep +yes +later, beside the seal\n/)
  assert.equal(await runsIn('--where', 'tags.keep = yes and tags.kernel = "6.18" and name = fio'), [run])
  assert.equal(await runsIn('--where', 'not tags.keep', '--sort', '-created'), [other])
  assert.match(await bak('a', 'ls'), /keep=yes kernel=6\.18 note=a b\n/)
  const verified = await bak('a', 'verify', run)
  assert.match(verified, /^tags\.json: .*beside .*seal/m)
  assert.match(verified, 'as it was signed')

  const sealed = await net().bak('a', ['tag', run, 'kernel=7'])
  assert.is(sealed.status, 77)
  assert.match(sealed.stderr, `kernel=6.18 was given with run ${run}, and is sealed with it`)
  const unknown = await net().bak('a', ['tag', run, '--remove', 'kepp'])
  assert.is(unknown.status, 64)
  assert.match(unknown.stderr, 'has no tag kepp')

  await bak('a', 'move', run, 'arch')
  assert.match(await bak('arch', 'tag', run), /keep +yes +later/)
  assert.match(await bak('arch', 'verify', run), 'tags.json')
  assert.match(await bak('a', 'show', run), /tags given later: +keep=yes note=a b\n/)
  assert.equal(await runsIn('--mesh', '--where', 'tags.keep and at = arch'), [run])
  const gone = await net().bak('a', ['tag', run, 'x=y'])
  assert.is(gone.status, 66)
  assert.match(gone.stderr, `the result of ${run} is on arch: run bak tag there`)
  await bak('a', 'move', other, disk)
  await bak('a', 'tag', other, 'x=y')
  assert.equal(JSON.parse(readFileSync(join(disk, other, 'tags.json'), 'utf8')), { x: 'y' })
  assert.equal(await runsIn('--where', 'tags.x = y'), [other])
  await bak('a', 'tag', other, '--remove', 'x')
  assert.not.ok(existsSync(join(disk, other, 'tags.json')))
})

lists('a mistake in an expression is named before anybody is asked', async () => {
  const { status, stderr } = await net().bak('a', ['ls', '--where', 'verdct = ok'])
  assert.is(status, 64)
  assert.match(stderr, 'there is no field verdct; did you mean verdict?')
})

lists('gc --keep deletes what is elsewhere, as it is here now, and names the rest', async () => {
  const [alone, copied, changed, newest] = [
    await measured('b'),
    await measured('b'),
    await measured('b'),
    await measured('b')
  ]
  await bak('b', 'copy', copied, 'arch')
  await bak('b', 'copy', changed, disk)
  await bak('b', 'tag', changed, 'late=yes')
  const dry = await net().bak('b', ['gc', '--keep', '1', '--dry-run', '--json'])
  assert.is(dry.status, 2)
  assert.equal(
    JSON.parse(dry.stdout).results.map(({ run, isDeleted }: { run: string; isDeleted: boolean }) => [run, isDeleted]),
    [
      [alone, false],
      [copied, true],
      [changed, false]
    ]
  )
  assert.ok(existsSync(folderOn('b', copied)))

  const { status, stdout } = await net().bak('b', ['gc', '--keep', '1'])
  assert.is(status, 2)
  assert.match(stdout, new RegExp(`${alone}.*stays +it is nowhere else`))
  assert.match(stdout, new RegExp(`${copied}.*deleted +arch\n`))
  assert.match(
    stdout,
    new RegExp(`${changed}.*stays +${join(disk, changed)} has it from before data or tags came here`)
  )
  assert.match(stdout, '2 of 3 stay')
  assert.equal(
    [alone, copied, changed, newest].map(run => existsSync(folderOn('b', run))),
    [true, false, true, true]
  )
  assert.match(await bak('b', 'show', copied), /moved to: +arch/)

  // the copy has gone since
  await bak('b', 'copy', alone, 'arch')
  await bak('arch', 'rm', alone)
  const stale = await net().bak('b', ['gc', '--keep', '1', '--keep', 'tags.late'])
  assert.is(stale.status, 2)
  assert.match(stale.stdout, new RegExp(`${alone}.*stays +arch has it no more`))
  assert.match(await bak('b', 'gc', '--keep', '1', '--force'), 'nowhere else')
  assert.equal(
    [alone, changed, newest].map(run => existsSync(folderOn('b', run))),
    [false, false, true]
  )
  assert.match(await bak('b', 'gc', '--keep', '1'), 'no result is beyond what is to be kept')
  assert.is((await net().bak('b', ['gc', '--keep', '1', newest])).status, 64)
  assert.is((await net().bak('b', ['gc', '--force'])).status, 64)
})

lists('a peer that does not say what it has is named', async () => {
  process.kill(net().peer('arch').child?.pid as number, 'SIGSTOP')
  try {
    const { status, stderr } = await net().bak('a', ['ls', '--mesh'])
    assert.is(status, 2)
    assert.match(stderr, /arch did not say what it has: /)
  } finally {
    process.kill(net().peer('arch').child?.pid as number, 'SIGCONT')
  }
})

lists.run()
