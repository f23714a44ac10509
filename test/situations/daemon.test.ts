/** Situations of a daemon: one that cannot start says why in one line and ends; settings and homes that were not meant so. */
import { spawn } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { BAK, BAK_NODE } from '../../testnets/programs.ts'
import { bakNode, type Finished, finished, type Testnet, ticketFrom } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'
import { situations } from './table.ts'

const LISTEN = ['--listen', '/ip4/127.0.0.1/tcp/0']
const notRoot = process.getuid?.() === 0 ? undefined : 'only root may enter namespaces and become another user'

interface Start {
  words?: string[]
  /** The begin of the command line. */
  enter?: string[]
  env?: Record<string, string>
}

/** Starts a daemon that is to end by itself; after 15 s it is killed. */
function start(home: string, { words = [], enter = [], env = {} }: Start = {}): Promise<Finished> {
  const argv = [...enter, BAK_NODE, '--home', home, 'daemon', ...words, ...LISTEN]
  const [program = BAK_NODE, ...args] = argv
  const limit = { timeout: 15_000, killSignal: 'SIGKILL' } as const
  return finished(
    spawn(program, args, { ...limit, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  )
}

/** @returns the only line of a daemon that ended with this status */
function lineOf({ status, signal, stderr, stdout }: Finished, expected: number): string {
  assert.equal([status, signal, stdout], [expected, null, ''], stderr)
  const lines = stderr.trim().split('\n')
  assert.is(lines.length, 1, stderr)
  assert.not.match(stderr, /\n {4}at |Error:/)
  return lines[0] as string
}

const fresh = (net: Testnet, name: string): string => {
  const home = join(net.folder, name)
  mkdirSync(home, { mode: 0o700 })
  return home
}

const settingsOf = async (net: Testnet, name: string): Promise<Record<string, { value: unknown; origin: string }>> =>
  JSON.parse((await net.bak(name, ['config', '--origin', '--json'])).stdout)

situations('a daemon', { peers: 3 }, [
  {
    from: 'Dishylink#48, gbrain#2840',
    when: 'the path of its socket is taken by a file',
    then: '78, and the file stays',
    async try(net) {
      const home = fresh(net, 'taken')
      writeFileSync(join(home, 'bak.sock'), '')
      assert.match(lineOf(await start(home), 78), 'bak.sock is there and is not a socket')
      assert.ok(existsSync(join(home, 'bak.sock')))
      assert.not.ok(existsSync(join(home, 'lock')))
    }
  },
  {
    when: 'the address to listen on is taken, or is of another machine',
    then: '75 and 78, with the address',
    async try(net) {
      const home = fresh(net, 'address')
      const taken = (await net.members('n1')).find(({ name }) => name === 'n1')?.addresses[0]?.replace(/\/p2p.*/, '')
      assert.match(lineOf(await start(home, { words: ['--listen', taken as string] }), 75), `${taken}`)
      const foreign = '/ip4/203.0.113.9/tcp/4001'
      assert.match(lineOf(await start(home, { words: ['--listen', foreign] }), 78), foreign)
    }
  },
  {
    when: 'its home cannot be made, or cannot be written',
    then: '73 and 74, with the path',
    absent: notRoot,
    async try(net) {
      assert.match(lineOf(await start('/proc/bak'), 73), '/proc/bak')
      const home = fresh(net, 'read-only')
      mkdirSync(join(home, 'runs'))
      const mount = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
      const enter = ['unshare', '--mount', 'sh', '-c', mount, home]
      const line = lineOf(await start(home, { enter }), 73)
      assert.match(line, home)
      assert.match(line, 'EROFS')
    }
  },
  {
    from: 'ansible#75019',
    when: 'its user has no HOME and no entry in passwd',
    then: 'both programs end with 78 and name --home; with it they work',
    absent: notRoot,
    async try() {
      const enter = ['setpriv', '--reuid=4242', '--regid=4242', '--clear-groups', 'env', '-u', 'HOME', '-u', 'BAK_HOME']
      const run = (...words: string[]) => {
        const [program = '', ...args] = [...enter, ...words]
        return finished(spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 15_000 }))
      }
      assert.match(lineOf(await run(BAK_NODE, 'daemon'), 78), '--home')
      assert.match(lineOf(await run(BAK, 'ls'), 78), '--home')
      assert.match(lineOf(await run(BAK, '--home', '/tmp/none', 'ls'), 69), 'no daemon')
      assert.is((await run(BAK_NODE, '--help')).status, 0)
    }
  },
  {
    when: 'a daemon in another PID namespace has its home',
    then: '75, and the other goes on',
    absent: notRoot,
    async try(net) {
      const enter = ['unshare', '--pid', '--fork', '--mount-proc']
      const { home } = net.peer('n3')
      assert.match(lineOf(await start(home, { enter }), 75), 'another PID namespace')
      assert.is((await net.bak('n3', ['status'])).status, 0)
      await net.stopPeer('n3', 'SIGKILL')
      // the lock of one that was killed there is taken over
      await net.startPeer('n3')
    }
  },
  {
    from: 'consul#13037',
    when: 'its home is copied and a second daemon is started with the copy',
    then: 'both say so and drive no run, and every peer shows it',
    async try(net) {
      const copy = net.add('copy')
      cpSync(net.peer('n2').home, copy.home, {
        recursive: true,
        filter: from => !/\/(lock|processes|bak\.sock|\.sock)$/.test(from)
      })
      await net.startPeer('copy')
      try {
        for (const name of ['n2', 'copy']) {
          const said = async () => /another daemon, seen at/.test((await bakNode(net, name, ['status'])).stdout)
          await until(said, { timeout: 15_000, what: `${name} says that it has a twin` })
          const { status, stderr } = await net.bak(name, ['run', '--', 'true'])
          assert.is(status, 77, stderr)
        }
        for (const name of ['n1', 'n3']) {
          const shown = async () => (await net.bak(name, ['members'])).stdout.includes('two daemons have its key')
          await until(shown, { timeout: 10_000, what: `${name} shows it` })
        }
      } finally {
        await net.stopPeer('copy')
        net.peers.pop()
        await net.stopPeer('n2')
        await net.startPeer('n2')
      }
    }
  },
  {
    when: '`bak-node init` before the first `daemon join`',
    then: 'the home joins; one that has run as a founder names bak-node leave',
    async try(net) {
      const home = fresh(net, 'init')
      const ticket = await ticketFrom(net, 'n1')
      assert.is((await finished(spawn(BAK_NODE, ['--home', home, 'init']))).status, 0)
      net.add('init')
      await net.startPeer('init', ticket, ['join', ticket])
      const told = async () => /members: +4/.test((await bakNode(net, 'init', ['status'])).stdout)
      await until(told, { timeout: 15_000, what: 'it knows four members' })
      await net.stopPeer('init')
      net.peers.pop()
    }
  },
  {
    when: 'its folder was made by hand with loose modes',
    then: 'it is closed while nothing secret is in it, and refused afterwards',
    async try(net) {
      const home = join(net.folder, 'loose')
      mkdirSync(home)
      chmodSync(home, 0o777)
      writeFileSync(join(home, 'config.toml'), 'name = "loose"\n')
      assert.is((await finished(spawn(BAK_NODE, ['--home', home, 'init']))).status, 0)
      assert.is(statSync(home).mode & 0o777, 0o700)
      chmodSync(home, 0o755)
      assert.match(lineOf(await start(home), 78), 'chmod 700')
    }
  },
  {
    when: 'a ticket in BAK_JOIN, a name and labels are given once',
    then: 'it joins, and keeps name and labels at the next start',
    async try(net) {
      const { home } = net.add('kept')
      const env = { BAK_JOIN: await ticketFrom(net, 'n1'), BAK_NAME: '' }
      const once = (words: string[]) => finished(spawn(BAK_NODE, ['--home', home, ...words]))
      const first = start(home, { words: ['--name', 'once', '--label', 'role=db', '--label', 'rack=7'], env })
      await until(async () => (await once(['status'])).status === 0)
      const settings = await settingsOf(net, 'kept')
      assert.equal([settings.name?.origin, settings.label?.origin, settings.log?.origin], ['flag', 'flag', 'default'])
      await net.until('n1', members => members.some(({ name, labels }) => name === 'once' && labels.rack === '7'))
      await once(['stop'])
      await first
      const second = start(home, { env: { BAK_LOG: 'warn' } })
      await until(async () => (await once(['status'])).status === 0)
      const again = await settingsOf(net, 'kept')
      assert.equal(
        [again.name, again.log],
        [
          { value: 'once', origin: 'earlier start' },
          { value: 'warn', origin: 'BAK_LOG' }
        ]
      )
      assert.equal(again.label?.value, { role: 'db', rack: '7' })
      await once(['stop'])
      await second
      net.peers.pop()
    }
  },
  {
    when: 'config.toml is broken, whatever way',
    then: '78 from both programs, and never the defaults',
    async try(net) {
      const home = fresh(net, 'broken')
      const config = join(home, 'config.toml')
      const breaks: Array<() => void> = [
        () => writeFileSync(config, 'name = "a'),
        () => writeFileSync(config, Buffer.from('name = "caf\xe9"\n', 'latin1')),
        () => writeFileSync(config, '\0\0\0\0'),
        () => symlinkSync(join(home, 'gone'), config),
        () => mkdirSync(config)
      ]
      for (const make of breaks) {
        make()
        assert.match(lineOf(await start(home), 78), 'config.toml')
        const { status, stderr } = await finished(spawn(BAK, ['--home', home, 'ls']))
        assert.is(status, 78, stderr)
        rmSync(config, { recursive: true })
      }
      writeFileSync(config, 'label = ["role"]\n')
      assert.match(lineOf(await start(home), 78), /config\.toml:1: label\.0: expected "key=value"/)
    }
  },
  {
    when: 'a ticket is pasted with a space in it',
    then: '64, and it says so',
    async try(net) {
      const home = fresh(net, 'space')
      const ticket = await ticketFrom(net, 'n1')
      // a part that begins with a dash is an unknown option
      const at = 40 + ticket.slice(40).search(/[^-]/)
      const [one, two] = [ticket.slice(0, at), ticket.slice(at)]
      assert.match(lineOf(await start(home, { words: ['join', one, two] }), 64), 'broken into 2 parts by spaces')
      assert.match(
        lineOf(await start(home, { words: ['join', `${one} ${two}`] }), 64),
        'a space or a line break is in it'
      )
      assert.match(lineOf(await start(home, { env: { BAK_JOIN: `${one}\n${two}` } }), 64), 'a space or a line break')
    }
  }
])
