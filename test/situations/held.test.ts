/** Situations out of public trackers that bak was right in when they were first tried: they are to stay so. */
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { BAK_NODE } from '../../testnets/programs.ts'
import { bakNode, finished, goneWithin, isPhase, sleep, startRun, type Testnet, uniqueSleep } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'
import { QUIET, shell } from './shell.ts'
import { situations } from './table.ts'

const isRoot = process.getuid?.() === 0
const LISTEN = '/ip4/127.0.0.1/tcp/0'
/** Hides what kernels and administrators leave out of /proc. */
const BARE_PROC =
  'mount -t proc -o hidepid=2 proc /proc && mount --bind /dev/null /proc/diskstats && { [ ! -d /proc/pressure ] || mount -t tmpfs none /proc/pressure; } && exec "$@"'
const bare = { enter: isRoot ? ['unshare', '--mount', 'sh', '-c', BARE_PROC, 'sh'] : [], listen: LISTEN }

/** @returns what the workload wrote, of a run that was ok */
async function outputOf(net: Testnet, words: string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
  const { status, stdout, stderr } = await net.bak('n1', ['run', ...QUIET, '--', ...words], options)
  assert.is(status, 0, stderr)
  return stdout
}

const statusOf = async (net: Testnet, words: string[], flags: string[] = []) =>
  (await net.bak('n1', ['run', ...QUIET, ...flags, '--', ...words])).status

const place = (name: string) => (name === 'n2' ? bare : { enter: [], listen: LISTEN })

situations('held: words, programs and output', { peers: 2, place }, [
  {
    when: 'words are empty, quoted, have $, *, newlines, an emoji or are a second --',
    then: 'the workload gets them as they are',
    async try(net) {
      const words = ['', '$HOME', '*', 'a\nb', '🙂', '--', "it's", '"', '\\', ' ', '-x', '%s']
      const printed = await outputOf(net, ['sh', '-c', `printf '%s\\0' "$@"`, 'sh', ...words])
      assert.equal(printed.split('\0').slice(0, -1), words)
    }
  },
  {
    when: 'there are 4,000 words, one of 131,071 bytes, or 1.9 MB in 15',
    then: 'all arrive',
    async try(net) {
      const count = async (words: string[]) =>
        (await outputOf(net, ['sh', '-c', 'printf "%s " "$#"; printf %s "$@" | wc -c', 'sh', ...words])).trim()
      assert.is(await count(Array.from({ length: 4_000 }, () => 'word')), '4000 16000')
      assert.is(await count(['x'.repeat(131_071)]), '1 131071')
      assert.is(await count(Array.from({ length: 15 }, () => 'x'.repeat(126_000))), '15 1890000')
    }
  },
  {
    when: 'the program fails, is killed or dumps core',
    then: '1, with the reason; its own status with --propagate-exit',
    async try(net) {
      const table: Array<[words: string[], status: number]> = [
        [['sh', '-c', 'exit 7'], 7],
        [['sh', '-c', 'exit 255'], 255],
        [['sh', '-c', 'kill -TERM $$'], 128 + 15],
        [['sh', '-c', 'ulimit -c unlimited; kill -ABRT $$'], 128 + 6]
      ]
      for (const [words, status] of table) {
        assert.is(await statusOf(net, words), 1)
        assert.is(await statusOf(net, words, ['--propagate-exit']), status)
      }
    }
  },
  {
    when: 'the program is missing or is not executable',
    then: '1 before anybody is asked to join, and the same with --dry-run',
    async try(net) {
      writeFileSync(join(net.folder, 'plain'), 'x', { mode: 0o644 })
      for (const [word, why] of [
        ['no-such-program', 'not found on PATH'],
        ['./plain', 'is not executable']
      ]) {
        for (const more of ['', '--dry-run']) {
          const { status, stderr } = await shell(net, `$BAK $R ${more} -- ${word}`)
          assert.equal([status, stderr], [1, `bak: ${word}: ${why}\n`])
        }
      }
    }
  },
  {
    from: 'hyperfine#541, benchexec#840',
    when: 'the workload reads standard input, leaves a child that holds its output, or ignores TERM',
    then: 'input is empty, the run ends with the workload, a timeout kills it',
    async try(net) {
      assert.is(await outputOf(net, ['cat']), '')
      const seconds = uniqueSleep()
      const begun = performance.now()
      assert.is(await outputOf(net, ['sh', '-c', `sleep ${seconds} & echo done`]), 'done\n')
      assert.is(
        await statusOf(net, ['sh', '-c', `trap '' TERM; sleep ${seconds}; sleep ${seconds}`], ['--timeout', '1']),
        1
      )
      assert.ok(performance.now() - begun < 30_000)
      await goneWithin(seconds, 10_000)
    }
  },
  {
    from: 'paseo#550',
    when: 'the reader of `bak logs` or of the daemon is gone',
    then: 'nothing breaks',
    async try(net) {
      assert.is((await shell(net, '$BAK $R -- seq 1 100000 >/dev/null && $BAK logs last | head -1')).stdout, '1\n')
      assert.is((await shell(net, '$BAK ls | true; $BAK ls >&-; $BAK status >/dev/null')).status, 0)
    }
  },
  {
    from: 'rally#394',
    when: 'the current folder is gone, the locale is C, or few files may be open',
    then: '`bak run` says so with 64, and works',
    async try(net) {
      const { status, stderr } = await shell(net, 'mkdir gone; cd gone; rmdir ../gone; $BAK $R -- true')
      assert.is(status, 64, stderr)
      // the shell has a line of its own
      assert.match(stderr, /^(sh: .*\n)*bak: the current folder does not exist any more: change to another\n$/)
      assert.is(await outputOf(net, ['echo', 'Grüße'], { env: { LC_ALL: 'C', LANG: 'C' } }), 'Grüße\n')
      for (const files of [24, 128]) assert.is((await shell(net, `ulimit -n ${files}; $BAK $R -- true`)).status, 0)
    }
  },
  {
    when: 'NO_COLOR, CI or TERM=dumb are set, or there is no terminal',
    then: 'no escape codes are printed',
    async try(net) {
      for (const env of [{ NO_COLOR: '1' }, { CI: 'true' }, { TERM: 'dumb' }] as Record<string, string>[]) {
        const { stdout, stderr } = await net.bak('n1', ['run', '--tools', 'none', '--sysinfo', 'none', '--', 'true'], {
          env
        })
        assert.not.match(stdout + stderr, '\u001b')
      }
    }
  },
  {
    when: 'a run file or config.toml has a byte order mark and CRLF',
    then: 'it is read',
    async try(net) {
      writeFileSync(
        join(net.folder, 'dos.toml'),
        '\ufeffcommand = ["echo", "dos"]\r\ntools = ["none"]\r\nsysinfo = "none"\r\n'
      )
      const config = join(net.peer('n1').home, 'config.toml')
      writeFileSync(config, '\ufeff[cli]\r\ncolor = false\r\n')
      const { status, stdout, stderr } = await net.bak('n1', ['run', 'dos.toml'])
      assert.equal([status, stdout], [0, 'dos\n'], stderr)
      rmSync(config)
    }
  },
  {
    when: 'a member hides /proc of others, has no pressure and no disks',
    then: 'the run is whole, with its series of proc',
    absent: isRoot ? undefined : 'only root may mount',
    async try(net) {
      const { status, stderr } = await net.bak('n1', ['run', '--tools', 'proc', '--strict', '--', 'sleep', '1.5'])
      assert.is(status, 0, stderr)
    }
  },
  {
    from: 'pbench#1039',
    when: 'a result is renamed, copied, packed or made read-only',
    then: '`bak verify` finds it whole; changed, it does not',
    async try(net) {
      const { stdout } = await net.bak('n1', ['run', ...QUIET, '--quiet', '--', 'echo', 'x'])
      const folder = stdout.trim()
      const verify = async (path: string) => (await net.bak('n1', ['verify', path])).status
      const copy = join(net.folder, 'copy of it')
      cpSync(folder, copy, { recursive: true })
      execFileSync('tar', ['-C', net.folder, '-czf', join(net.folder, 'r.tgz'), 'copy of it'])
      renameSync(copy, join(net.folder, 'renamed'))
      mkdirSync(join(net.folder, 'out'))
      execFileSync('tar', ['-C', join(net.folder, 'out'), '-xzf', join(net.folder, 'r.tgz')])
      execFileSync('chmod', ['-R', 'a-w', join(net.folder, 'renamed')])
      for (const path of [folder, join(net.folder, 'renamed'), join(net.folder, 'out', 'copy of it')]) {
        assert.is(await verify(path), 0, path)
      }
      const record = join(net.folder, 'out', 'copy of it', 'run.json')
      writeFileSync(record, readFileSync(record, 'utf8').replace('"ok"', '"OK"'))
      assert.is(await verify(join(net.folder, 'out', 'copy of it')), 66)
      execFileSync('chmod', ['-R', 'u+w', join(net.folder, 'renamed')])
    }
  }
])

situations('held: daemons and meshes', { peers: 2, place: () => ({ enter: [], listen: '/ip6/::1/tcp/0' }) }, [
  {
    when: 'a mesh has IPv6 only',
    then: 'runs are ok',
    async try(net) {
      assert.is(await statusOf(net, ['true'], ['--strict']), 0)
    }
  },
  {
    from: 'fio#1542',
    when: 'a member gets SIGINT in mid run',
    then: 'the run ends in order, partial or without its quorum, and names it',
    async try(net) {
      const run = await startRun(net, 'n1', [...QUIET, '--quorum', '1', '--', 'sleep', '2'])
      await run.until(isPhase('work'))
      await net.stopPeer('n2', 'SIGINT')
      const { status } = await run.finished
      assert.is(status, 0)
      const ended = run.events.find(({ type }) => type === 'ended') as {
        partial?: boolean
        excluded?: { name: string }[]
      }
      assert.equal([ended.partial, ended.excluded?.map(({ name }) => name)], [true, ['n2']])
      await net.startPeer('n2')
      await net.until('n1', members => members.filter(({ state }) => state === 'alive').length === 2)
    }
  },
  {
    from: 'locust#1407',
    when: 'the controller is killed and the lease of 6 s is over',
    then: 'nothing of the run is left on the member',
    async try(net) {
      const seconds = uniqueSleep()
      const tool = `t=sleep ${seconds}`
      const run = await startRun(net, 'n1', ['--sysinfo', 'none', '--lease', '6', '--tool', tool, '--', 'sleep', '60'])
      await run.until(isPhase('work'))
      await net.stopPeer('n1', 'SIGKILL')
      await run.finished
      await goneWithin(seconds, 15_000)
      await net.startPeer('n1')
      await net.until('n1', members => members.filter(({ state }) => state === 'alive').length === 2)
      assert.is(await statusOf(net, ['true'], ['--strict']), 0)
    }
  },
  {
    from: 'serf#116',
    when: 'a peer has another name, of 64 letters or that of another peer, at its next start',
    then: 'it is the same member under the new name',
    async try(net) {
      const before = (await net.members('n1')).find(({ name }) => name === 'n2')?.peer
      for (const name of ['x'.repeat(64), 'n1']) {
        await net.stopPeer('n2')
        await net.startPeer('n2', '', ['--name', name])
        await net.until('n1', members => members.some(each => each.peer === before && each.name === name))
      }
      const shown = (await net.members('n1')).map(each => each.shown)
      assert.is(new Set(shown).size, 2, shown.join(' '))
      assert.is(await statusOf(net, ['true'], ['--strict']), 0)
    }
  },
  {
    from: 'batsim#7',
    when: 'a home has blanks, a newline, %, quotes and an umlaut, or its path is too long for a socket',
    then: 'a daemon works in it, or says so with 78',
    async try(net) {
      const long = join(net.folder, 'l'.repeat(120))
      const { status, stderr } = await finished(spawn(BAK_NODE, ['--home', long, 'daemon'], { timeout: 10_000 }))
      assert.equal([status, stderr.trim().split('\n').length], [78, 1])
      const odd = net.add('a b\n%s"\'ü')
      await net.startPeer(odd.name, '', ['--name', 'odd'])
      assert.is((await net.bak(odd.name, ['run', ...QUIET, '--', 'true'])).status, 0)
      await net.stopPeer(odd.name)
      net.peers.pop()
    }
  },
  {
    when: 'the lock file is empty, garbage, or of another machine',
    then: 'the daemon starts',
    async try(net) {
      await net.stopPeer('n2')
      const lock = join(net.peer('n2').home, 'lock')
      const foreign = { pid: 1, started: '1', boot: 'b', lock: 'l', pids: 'pid:[1]' }
      for (const text of ['', '\0garbage', JSON.stringify(foreign)]) {
        writeFileSync(lock, text)
        await net.startPeer('n2')
        await net.stopPeer('n2')
        assert.not.ok(existsSync(lock))
      }
      chmodSync(net.peer('n2').home, 0o700)
      await net.startPeer('n2')
      await until(async () => (await bakNode(net, 'n2', ['status'])).status === 0)
      await sleep(0)
    }
  }
])
