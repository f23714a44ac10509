/** Working folders outside of the home, the budget of the disk, and the audit. */
import { execFileSync } from 'node:child_process'
import {
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Audit, type AuditLine, readAudit } from '../../node/processes/audit.ts'
import { DiskRoom, excessOf } from '../../node/processes/disk-budget.ts'
import { WorkFolders } from '../../node/processes/work-folders.ts'
import { skipWhere } from '../helpers/skip.ts'
import { createWorkspace } from '../helpers/workspace.ts'

const NOBODY = 65_534
const folders = suite('working folders of another user')
const asRoot = skipWhere(process.getuid?.() === 0 ? undefined : 'only root can give a folder to another user', folders)

function foldersOf() {
  const { folder, close } = createWorkspace('work-folders')
  const inside = join(folder, 'home/work')
  mkdirSync(join(inside, 'run/data/x'), { recursive: true })
  const init = {
    home: join(folder, 'home'),
    inside,
    owner: { uid: NOBODY, gid: NOBODY },
    bases: [join(folder, 'base')]
  }
  return { inside, folder, close, init, made: new WorkFolders(init) }
}
const plant = (path: string, text: string, uid = NOBODY) => {
  writeFileSync(path, text)
  chownSync(path, uid, uid)
}

asRoot('is the user’s alone, below folders that it can only pass through', async () => {
  const { made, inside, close } = foldersOf()
  const path = made.make(join(inside, 'run/data/x'))
  const { uid, mode } = statSync(path)
  assert.equal([uid, mode & 0o777], [NOBODY, 0o700])
  assert.equal([statSync(join(path, '..')).uid, statSync(join(path, '..')).mode & 0o777], [0, 0o711])
  await close()
})

asRoot('what is in it comes home, without files of others and without harm to those that are there', async () => {
  const { made, inside, folder, close } = foldersOf()
  const home = join(inside, 'run/data/x')
  writeFileSync(join(home, 'x-stdout.txt'), 'the daemon’s')
  const path = made.make(home)
  plant(join(path, 'f'), 'mine')
  plant(join(path, 'x-stdout.txt'), 'forged')
  mkdirSync(join(path, 'd'))
  chownSync(join(path, 'd'), NOBODY, NOBODY)
  plant(join(path, 'd/g'), 'deep')
  plant(join(folder, 'secret'), 'of root', 0)
  linkSync(join(folder, 'secret'), join(path, 'stolen'))
  linkSync(join(folder, 'secret'), join(path, 'd/stolen'))
  symlinkSync('/etc/shadow', join(path, 'link'))
  const left = await made.collect(path)
  assert.equal(left.sort(), ['link', 'stolen', 'stolen', 'x-stdout.txt'])
  assert.is(readFileSync(join(home, 'f'), 'utf8'), 'mine')
  assert.is(readFileSync(join(home, 'd/g'), 'utf8'), 'deep')
  assert.is(readFileSync(join(home, 'x-stdout.txt'), 'utf8'), 'the daemon’s')
  assert.not.ok(existsSync(join(home, 'stolen')) || existsSync(join(home, 'd/stolen')))
  assert.is(readFileSync(join(folder, 'secret'), 'utf8'), 'of root')
  assert.not.ok(existsSync(path))
  await close()
})

asRoot('what a killed daemon left comes home where its run is still here, and is removed elsewhere', async () => {
  const { made, inside, init, close } = foldersOf()
  const [path, other] = [made.make(join(inside, 'run/data/x')), made.make(join(inside, 'gone/data/x'))]
  plant(join(path, 'f'), 'mine')
  plant(join(other, 'f'), 'nobody’s')
  await new WorkFolders(init).recover()
  assert.is(readFileSync(join(inside, 'run/data/x/f'), 'utf8'), 'mine')
  assert.not.ok(existsSync(path) || existsSync(other) || existsSync(join(inside, 'gone')))
  await close()
})

asRoot(
  'those of a home that is gone are removed by the next daemon, and those of a home that is there are not',
  async () => {
    const { made, inside, init, folder, close } = foldersOf()
    const other = { ...init, home: join(folder, 'other'), inside: join(folder, 'other/work') }
    mkdirSync(join(other.inside, 'run/data/x'), { recursive: true })
    const next = new WorkFolders(other)
    for (const each of [made, next]) await each.recover()
    const [path, there] = [made.make(join(inside, 'run/data/x')), next.make(join(other.inside, 'run/data/x'))]
    for (const each of [path, there]) plant(join(each, 'f'), 'left')
    const third = () => new WorkFolders({ ...init, home: join(folder, 'third'), inside: join(folder, 'third/work') })
    await third().recover()
    assert.ok(existsSync(join(path, 'f')), 'its home is there')
    rmSync(init.home, { recursive: true })
    mkdirSync(join(made.root, 'foreign'))
    chownSync(join(made.root, 'foreign'), NOBODY - 1, NOBODY - 1)
    await third().recover()
    assert.ok(existsSync(join(path, 'f')), 'another user has something in them')
    rmSync(join(made.root, 'foreign'), { recursive: true })
    await third().recover()
    assert.equal([existsSync(made.root), existsSync(join(there, 'f'))], [false, true])
    assert.equal(readdirSync(made.base).length, 3, 'those of the home that is there, and links to both homes')
    await close()
  }
)

/** Folders in each other, deeper than a path can say. */
function dig(folder: string, levels: number, uid?: number): void {
  const name = 'd'.repeat(200)
  const line = `i=0; while [ $i -lt ${levels} ]; do mkdir ${name}; cd -P ${name} 2>/dev/null; i=$((i+1)); done; echo deep > f`
  execFileSync('/bin/sh', ['-c', line], { cwd: folder, uid, gid: uid })
}

asRoot(
  'what is deeper than a path can say is left out by name, and costs neither the rest nor the next start',
  async () => {
    const { made, inside, init, close } = foldersOf()
    const home = join(inside, 'run/data/x')
    const path = made.make(home)
    plant(join(path, 'f'), 'mine')
    dig(path, 60, NOBODY)
    const left = await made.collect(path)
    assert.equal(left, ['d'.repeat(200)])
    assert.is(readFileSync(join(home, 'f'), 'utf8'), 'mine')
    assert.not.ok(existsSync(path))
    dig(made.make(join(inside, 'gone/data/x')), 60, NOBODY)
    await new WorkFolders(init).recover()
    assert.not.ok(existsSync(path) || existsSync(join(path, '../../..')))
    await close()
  }
)

const onTwoDisks = skipWhere(
  process.getuid?.() === 0 && statSync('/dev/shm').dev !== statSync(tmpdir()).dev
    ? undefined
    : 'there is one disk only',
  folders
)
onTwoDisks(
  'from another disk what is in it is copied: names that are no text, links and holes as they are, no pipes',
  async () => {
    const { made: _, inside, init, close } = foldersOf()
    const base = `/dev/shm/bak-test-${process.pid}`
    const made = new WorkFolders({ ...init, bases: [base] })
    const home = join(inside, 'run/data/x')
    const path = made.make(home)
    const line =
      'mkdir d && echo deep > d/g && chmod 700 d/g && ln -s ../f d/l && mkfifo d/p && echo odd > "$(printf \'o\\377\')" && truncate -s 1G holes && echo x >> holes'
    execFileSync('/bin/sh', ['-c', line], { cwd: path, uid: NOBODY, gid: NOBODY })
    assert.equal(await made.collect(path), ['p'])
    assert.is(readFileSync(join(home, 'd/g'), 'utf8'), 'deep\n')
    assert.ok(statSync(join(home, 'd/g')).mode & 0o100)
    assert.is(readlinkSync(join(home, 'd/l')), '../f')
    assert.is(readFileSync(Buffer.concat([Buffer.from(`${home}/o`), Buffer.from([0xff])]), 'utf8'), 'odd\n')
    const { size, blocks } = statSync(join(home, 'holes'))
    assert.is(size, 2 ** 30 + 2)
    assert.ok(blocks * 512 < 2 ** 20, `${blocks} blocks`)
    rmSync(base, { recursive: true, force: true })
    await close()
  }
)

asRoot('a place that another user owns, or may change, is not used', async () => {
  const { folder, init, close } = foldersOf()
  const [foreign, open] = [join(folder, 'foreign'), join(folder, 'open')]
  mkdirSync(foreign)
  chownSync(foreign, NOBODY, NOBODY)
  mkdirSync(open)
  await import('node:fs').then(({ chmodSync }) => chmodSync(open, 0o777))
  assert.throws(() => new WorkFolders({ ...init, bases: [foreign, open] }), /no folder for programs of others/)
  await close()
})
folders.run()

const budgets = suite('the budget of the disk')
budgets('counts bytes and entries of all folders, deep ones too, and no holes', async () => {
  const { folder, close } = createWorkspace('budget')
  for (const name of ['a/b/c', 'd']) mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, 'a/b/c/f'), Buffer.alloc(100_000, 1))
  writeFileSync(join(folder, 'sparse'), '')
  truncateSync(join(folder, 'sparse'), 1e12)
  const both = [join(folder, 'a'), join(folder, 'd'), join(folder, 'not-there')]
  assert.is(await excessOf({ folders: both }, { bytes: 200_000, entries: 10 }), undefined)
  assert.match(
    (await excessOf({ folders: both }, { bytes: 50_000 })) ?? '',
    /wrote more than 50000 bytes: run_limits.bytes/
  )
  assert.match(
    (await excessOf({ folders: both }, { entries: 2 })) ?? '',
    /made more than 2 files and folders: run_limits.entries/
  )
  assert.is(await excessOf({ folders: [folder] }, { bytes: 1_000_000 }), undefined)
  assert.is(await excessOf({ folders: [folder] }, {}), undefined)
  await close()
})

budgets('a folder whose name is no text counts, and one that cannot be looked at is too much', async () => {
  const { folder, close } = createWorkspace('budget')
  const odd = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x64, 0xff])])
  mkdirSync(odd)
  writeFileSync(Buffer.concat([odd, Buffer.from('/f')]), Buffer.alloc(100_000, 1))
  assert.match((await excessOf({ folders: [folder] }, { bytes: 50_000 })) ?? '', /wrote more than 50000 bytes/)
  await close()
})

budgets('a folder that is too deep for a path is too much: it would be a place to hide in', async () => {
  const { folder, close } = createWorkspace('budget')
  dig(folder, 40)
  assert.match((await excessOf({ folders: [folder] }, {})) ?? '', /d{20}.* cannot be looked at \(ENAMETOOLONG\)/)
  await close()
})

budgets('files that are deleted count for as long as a process has them open, each once', async () => {
  const { folder, close } = createWorkspace('budget')
  const path = join(folder, 'gone')
  writeFileSync(path, Buffer.alloc(100_000, 1))
  await using file = await open(path)
  await using again = await open(path)
  assert.ok(file.fd !== again.fd)
  rmSync(path)
  const looked = { folders: [folder], processes: [process.pid, 2 ** 22 + 1] }
  assert.match((await excessOf(looked, { bytes: 50_000 })) ?? '', /wrote more than 50000 bytes/)
  assert.is(await excessOf(looked, { bytes: 150_000 }), undefined)
  await close()
})

budgets('a disk with much less room than when the run began is named', async () => {
  let free = 10 * 2 ** 30
  const room = new DiskRoom(async () => ({ free, size: 1e12 }))
  assert.is(await room.shortageOf(['/d']), undefined)
  free = 200_000_000
  assert.is(await room.shortageOf(['/d']), 'less than 268435456 bytes are left on the disk of /d')
  assert.is(await new DiskRoom().shortageOf(['/nonexistent']), undefined)
})

budgets('what one run leaves on a small disk lets the next one take no more of it', async () => {
  let free = 500
  const run = async (brings = true) => {
    const room = new DiskRoom(async () => ({ free, size: 800 }))
    for (let looks = 0; looks < 2; looks++) {
      const why = await room.shortageOf(['/d'], brings)
      if (why != null) return why
      if (brings) free = 90
    }
    return undefined
  }
  assert.is(await run(), 'less than 100 bytes are left on the disk of /d')
  assert.is(await run(), 'less than 100 bytes are left on the disk of /d')
  assert.is(await run(false), undefined, 'tools of bak, which write little, measure a full disk, too')
})
budgets.run()

const audits = suite('the audit')
const line: AuditLine = { at: 1, event: 'start', by: 'p', run: 'r', name: 't', argv: ['a', 'b\nc'], digest: 'd' }
audits('keeps lines in order and within its bound, and reads no broken one', async () => {
  const { folder, close } = createWorkspace('audit')
  const path = join(folder, 'audit')
  const audit = new Audit({ path, maxBytes: 1_000, onError: why => assert.unreachable(why) })
  for (let at = 0; at < 100; at++) audit.write({ ...line, at })
  const kept = (await readAudit(path)).map(({ at }) => at)
  assert.is(kept.at(-1), 99)
  assert.equal(
    kept,
    [...kept].sort((a, b) => a - b)
  )
  assert.ok(statSync(path).size + statSync(`${path}.1`).size <= 2_000)
  assert.is(statSync(path).mode & 0o777, 0o600)
  writeFileSync(path, `{"at":1\nnot JSON\n${JSON.stringify(line)}\n`)
  assert.equal((await readAudit(path)).slice(-1), [line])
  await close()
})
audits('says when it cannot be written', async () => {
  const { folder, close } = createWorkspace('audit')
  const said: string[] = []
  const audit = new Audit({ path: join(folder, 'gone/audit'), onError: why => said.push(why) })
  assert.is(audit.write(line), false)
  assert.is(said.length, 1)
  await close()
})
audits.run()
