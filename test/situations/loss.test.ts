/** Nothing lost, nothing left: odd files, seals, output, and results that are completed later. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { record, startRun, Testnet } from '../helpers/mesh.ts'
import { skipWhere } from '../helpers/skip.ts'
import { until } from '../helpers/until.ts'
import { type Situation, situations } from './table.ts'

const BARE = ['run', '--tools', 'none', '--sysinfo', 'none', '--no-progress']
const TOOLS = ['run', '--sysinfo', 'none', '--no-progress']
const asRoot = process.getuid?.() === 0 ? undefined : 'only root can mount'

/** A tool that leaves these behind in its folder, by a script. */
const tool = (script: string) =>
  `tools = ["odd", "proc"]\n[tool.odd]\ncommand = ["sh", "-c", ${JSON.stringify(`${script}; exec sleep 1000`)}]\n`

const oddFiles: Situation[] = [
  {
    from: 'syncthing#3635',
    when: 'a workload leaves a file whose name is no UTF-8',
    then: 'it arrives under an escaped name, the run is ok and sealed',
    async try(net) {
      const script = 'printf 1 > "$BAK_OUT/$(printf "caf\\351")"; printf 2 > "$BAK_OUT/plain"'
      assert.is((await net.bak('c', [...BARE, '--', 'sh', '-c', script])).status, 0)
      assert.is(readFileSync(output(net, 'caf\\xe9'), 'utf8'), '1')
      assert.is(readFileSync(output(net, 'plain'), 'utf8'), '2')
      assert.is(
        readFileSync(output(net, 'missing.txt'), 'utf8'),
        '1-default/sample1/workload/c/caf\\xe9: arrived as caf\\xe9\n'
      )
      await verified(net, 'c')
    }
  },
  {
    when: 'the escaped form of such a name is the name of another file',
    then: 'both arrive, the run is whole, and nothing is left',
    async try(net) {
      const script = `cd "$BAK_OUT"; printf TEXT > '\\xe9'; printf LATIN > "$(printf '\\351')"`
      const run = await net.bak('c', [...BARE, '--', 'sh', '-c', script])
      assert.is(run.status, 0, run.stderr)
      assert.not.match(run.stderr, /partial|refused/)
      assert.is(readFileSync(output(net, '\\xe9'), 'utf8'), 'TEXT')
      assert.is(readFileSync(output(net, '\\xe9-2'), 'utf8'), 'LATIN')
      assert.match(readFileSync(output(net, 'missing.txt'), 'utf8'), /xe9: arrived as \\xe9-2\n$/)
      await verified(net, 'c')
    }
  },
  {
    from: 'upload-artifact#93, syncthing#1503',
    when: 'a tool leaves names with control characters, a pipe, links and folders that are too deep',
    then: 'those are named, the rest arrives, the run is partial and --strict says so',
    async try(net) {
      const deep = 'd=.; for i in $(seq 70); do d=$d/x; done; mkdir -p $d; printf 1 > $d/f'
      const script = `printf 1 > "$(printf 'x\\ny')"; mkfifo pipe; ln -s /etc/passwd out; ln -s fine in; printf 1 > fine; ${deep}`
      const run = await net.bak('c', [...TOOLS, '--strict', '--on', 'b', runFile(net, tool(script)), '--', 'true'])
      assert.is(run.status, 2, run.stderr)
      assert.match(run.stderr, /\nmissing 3 files of b, named in missing\.txt\n/)
      const folder = join(result(net, 'c'), '1-default/sample1/tools-default/b')
      assert.is(readFileSync(join(folder, 'odd/x\\x0ay'), 'utf8'), '1')
      assert.ok(existsSync(join(folder, 'odd/fine')) && readdirSync(join(folder, 'proc')).length > 0)
      const missing = readFileSync(join(folder, 'missing.txt'), 'utf8')
      for (const line of [
        /odd\/x\\x0ay: arrived as/,
        /pipe: a named pipe/,
        /out: a link to \/etc\/passwd/,
        /in: a link to fine/,
        /x\/x.*: too long/
      ])
        assert.match(missing, line)
      assert.equal(
        record(net, 'c', last(net, 'c')).missing?.map(({ name, files }) => [name, files]),
        [['b', 3]]
      )
      assert.match((await net.bak('c', ['show', 'last'])).stdout, /pipe: a named pipe/)
      await verified(net, 'c')
    }
  },
  {
    when: 'what cannot travel stays on a member',
    then: 'it says so, collect names it, and gc there drops it',
    async try(net) {
      const run = last(net, 'c')
      assert.match((await net.bak('c', ['members', '--orphans'])).stdout, new RegExp(`b +${run} +data +1 `))
      for await (const { keeps } of net.call('b', 'status', {})) assert.is(keeps[0]?.run, run)
      const collected = await net.bak('c', ['collect', 'last'])
      assert.is(collected.status, 2, collected.stdout)
      assert.match(collected.stdout, /^b: .*x\/x.*too long.* there/m)
      assert.match((await net.bak('b', ['gc', run])).stdout, new RegExp(`${run} +data +1`))
      assert.is((await net.bak('c', ['collect', 'last'])).status, 0)
      await verified(net, 'c')
    }
  },
  {
    when: 'a workload leaves a sparse file of 2 GiB',
    then: 'it arrives as sparse as it was',
    async try(net) {
      const script =
        'truncate -s 2G "$BAK_OUT/sparse"; printf end | dd of="$BAK_OUT/sparse" bs=1 seek=2000000000 conv=notrunc'
      const file = runFile(
        net,
        tool('truncate -s 2G sparse; printf end | dd of=sparse bs=1 seek=2000000000 conv=notrunc')
      )
      assert.is((await net.bak('c', [...TOOLS, '--strict', '--on', 'b', file, '--', 'sh', '-c', script])).status, 0)
      for (const path of ['workload/c/sparse', 'tools-default/b/odd/sparse']) {
        const { size, blocks } = statSync(join(result(net, 'c'), '1-default/sample1', path))
        assert.is(size, 2 * 1024 ** 3)
        assert.ok(blocks * 512 < 1024 ** 2, `${path} has ${blocks} blocks`)
      }
    }
  }
]

const seals: Situation[] = [
  {
    when: 'a tool fails at start while the controller is a member',
    then: 'the result is sealed once all of its data is there, and is as it was signed',
    async try(net) {
      const file = runFile(
        net,
        'tools = ["proc", "bad"]\n[tool.bad]\ncommand = ["sh", "-c", "echo broken >&2; exit 3"]\n'
      )
      for (let i = 0; i < 3; i++) {
        assert.is((await net.bak('c', [...TOOLS, file, '--', 'true'])).status, 3)
        await verified(net, 'c')
        const { sent } = record(net, 'c', last(net, 'c'))
        assert.equal(sent.map(({ name }) => name).sort(), ['a', 'b', 'c'], 'what each measured until then is there')
      }
    }
  },
  {
    from: 'benchexec#975',
    when: 'a file whose name is no UTF-8 is in the folder of the result',
    then: 'it is sealed by its bytes',
    async try(net) {
      const script = `printf 1 > "${net.peer('c').home}/runs/$BAK_RUN/$(printf 'caf\\351')"`
      assert.is((await net.bak('c', [...BARE, '--', 'sh', '-c', script])).status, 0)
      await verified(net, 'c')
      execFileSync('sh', ['-c', 'printf 2 > "$0/$(printf "caf\\351")"', result(net, 'c')])
      const { status, stdout } = await net.bak('c', ['verify', 'last'])
      assert.is(status, 66)
      assert.match(stdout, /^caf\\xe9: was changed/m)
    }
  },
  {
    when: 'a file in the folder of the result cannot be read',
    then: 'the run has failed with 74 and says which, and the rest is sealed',
    absent: asRoot,
    async try(net) {
      const path = `${net.peer('c').home}/runs/$BAK_RUN/odd`
      const run = await net.bak('c', [
        ...BARE,
        '--',
        'sh',
        '-c',
        `touch "${path}"; mount --bind /proc/self/mem "${path}"`
      ])
      try {
        assert.is(run.status, 74)
        assert.match(run.stderr, /failed.*: without a digest in the seal: odd \(/)
        const { stdout, status } = await net.bak('c', ['verify', 'last'])
        assert.is(status, 2, stdout)
        assert.match(stdout, /^odd: not in the seal/m)
        assert.match((await net.bak('c', ['ls'])).stdout, new RegExp(`${last(net, 'c')} .* failed`))
      } finally {
        execFileSync('umount', [join(result(net, 'c'), 'odd')])
      }
    }
  }
]

const printing = `printf '\\357\\273\\277'; printf 'caf\\351 \\377\\000\\033[2J \\303\\274\\n'`
const expected = Buffer.concat([
  Buffer.from('\ufeff'),
  Buffer.from('caf\xe9 \xff\x00\x1b[2J ', 'latin1'),
  Buffer.from('ü\n')
])

const bytes: Situation[] = [
  {
    from: 'moby#13517, kubernetes#69028',
    when: 'a workload prints bytes that are no UTF-8, and a byte order mark',
    then: 'they come out as they went in: live, from logs, from any peer',
    async try(net) {
      const live = await bytesOf(net, 'c', [...BARE, '--', 'sh', '-c', printing])
      assert.is(live.compare(expected), 0, JSON.stringify(live.toString('latin1')))
      for (const peer of ['c', 'b']) {
        const logs = await bytesOf(net, peer, ['logs', last(net, 'c')])
        assert.is(logs.compare(expected), 0, `${peer}: ${JSON.stringify(logs.toString('latin1'))}`)
      }
    }
  },
  {
    when: 'bak logs is asked of a run that goes on',
    then: 'it gives what was written before; with --follow it goes on to the end, on any peer',
    async try(net) {
      const run = await startRun(net, 'c', [
        '--tools',
        'none',
        '--sysinfo',
        'none',
        '--',
        'sh',
        '-c',
        'echo one; sleep 2; echo two'
      ])
      await run.until(event => event.type === 'output')
      for (const peer of ['c', 'b']) assert.is((await bytesOf(net, peer, ['logs', run.run])).toString(), 'one\n')
      const logs = await Promise.all(['c', 'b'].map(peer => bytesOf(net, peer, ['logs', run.run, '--follow'])))
      for (const each of logs) assert.is(each.toString(), 'one\ntwo\n')
      await run.finished
    }
  },
  {
    when: 'another peer attaches to a run, or verifies it',
    then: 'the folder of the controller is not named as if it were here',
    async try(net) {
      const run = last(net, 'c')
      const attached = await net.bak('b', ['attach', '--no-progress', run])
      assert.match(attached.stderr, /the result is on c$/m)
      assert.not.match(attached.stderr, new RegExp(net.peer('c').home))
      assert.match((await net.bak('b', ['verify', run])).stdout, /the folder is on c$/m)
      assert.match((await net.bak('b', ['show', run, '--all'])).stdout, /^c +1-default\/sample1 .* on c /m)
    }
  }
]

const later: Situation[] = [
  {
    when: 'a partial run is moved before its member is back',
    then: 'it is completed where it is now, and is as it was signed',
    async try(net) {
      const run = await startRun(net, 'c', [
        '--tools',
        'proc',
        '--sysinfo',
        'none',
        '--quorum',
        '2',
        '--',
        'sleep',
        '1'
      ])
      await run.until(event => event.type === 'workload-started')
      await net.stopPeer('b', 'SIGKILL')
      assert.is((await run.finished).status, 0)
      assert.is((await net.bak('c', ['move', run.run, 'a'])).status, 0)
      await net.startPeer('b')
      await until(async () => (await net.bak('a', ['members', '--orphans'])).stdout.includes(run.run), {
        timeout: 10_000,
        what: 'b keeps its data'
      })
      const wrong = await net.bak('c', ['collect', run.run])
      assert.is(wrong.status, 66)
      assert.match(wrong.stderr, /is on a: run bak collect there/)
      const collected = await net.bak('a', ['collect', run.run])
      assert.is(collected.status, 0, collected.stderr + collected.stdout)
      assert.ok(record(net, 'a', run.run).sent.some(({ name }) => name === 'b'))
      await verified(net, 'a')
      assert.is((await net.bak('c', ['verify', run.run])).status, 0, 'others trust it as well')
      assert.not.match((await net.bak('a', ['members', '--orphans'])).stdout, /b +2/)
    }
  },
  {
    when: 'a result is collected, moved or deleted while it is being collected',
    then: '75, and who uses it; the collection is whole',
    async try(net) {
      const run = await startRun(net, 'c', [
        '--tools',
        'proc',
        '--sysinfo',
        'none',
        '--quorum',
        '1',
        '--',
        'sleep',
        '1'
      ])
      await run.until(event => event.type === 'workload-started')
      await net.stopPeer('b', 'SIGKILL')
      assert.is((await run.finished).status, 0)
      await net.startPeer('b')
      await net.until('c', members => members.filter(({ state }) => state === 'alive').length === 3)
      const pid = net.peer('b').child?.pid as number
      process.kill(pid, 'SIGSTOP')
      try {
        const both = [net.bak('c', ['collect', run.run]), net.bak('c', ['collect', run.run])]
        const others = [await Promise.race(both)]
        for (const words of [
          ['move', run.run, 'a'],
          ['rm', run.run]
        ])
          others.push(await net.bak('c', words))
        for (const { status, stderr } of others) {
          assert.is(status, 75, stderr)
          assert.match(stderr, /is being collected here: wait until that has ended/)
        }
        process.kill(pid, 'SIGCONT')
        assert.equal((await Promise.all(both)).map(({ status }) => status).sort(), [0, 75])
      } finally {
        process.kill(pid, 'SIGCONT')
      }
      assert.ok(record(net, 'c', run.run).sent.some(({ name }) => name === 'b'))
      await verified(net, 'c')
    }
  },
  {
    when: 'a run is cancelled, and all its members end it',
    then: 'nothing of it is left to be collected',
    async try(net) {
      const run = await startRun(net, 'c', ['--tools', 'proc', '--sysinfo', 'none', '--', 'sleep', '100'])
      await run.until(event => event.type === 'workload-started')
      assert.is((await net.bak('c', ['cancel', run.run])).status, 0)
      assert.is((await run.finished).status, 4)
      assert.not.match((await net.bak('c', ['members', '--orphans'])).stdout, new RegExp(run.run))
      assert.not.ok(existsSync(join(net.peer('c').home, 'inbox', run.run)))
    }
  },
  {
    when: 'the daemon is killed while `bak run` follows its run',
    then: '69, and the run ends when it starts again',
    async try(net) {
      const run = await startRun(net, 'c', ['--tools', 'none', '--sysinfo', 'none', '--', 'sleep', '100'])
      await run.until(event => event.type === 'workload-started')
      await net.stopPeer('c', 'SIGKILL')
      const { status, stderr } = await run.finished
      assert.is(status, 69, stderr)
      assert.match(stderr, /the daemon here has ended; run \S+ ends when it starts again: bak-node daemon --home /)
      await net.startPeer('c')
      assert.is(record(net, 'c', run.run).verdict, 'failed')
      await net.until('c', members => members.filter(({ state }) => state === 'alive').length === 3)
    }
  },
  {
    when: 'the output of a run is asked for after its result has moved',
    then: 'it comes from there',
    async try(net) {
      assert.is((await net.bak('c', [...BARE, '--', 'sh', '-c', printing])).status, 0)
      const run = last(net, 'c')
      assert.is((await net.bak('c', ['move', run, 'a'])).status, 0)
      for (const peer of ['a', 'b', 'c'])
        assert.is((await bytesOf(net, peer, ['logs', run])).compare(expected), 0, peer)
      const attached = await net.bak('a', ['attach', '--no-progress', run])
      assert.match(attached.stderr, new RegExp(net.peer('a').home))
    }
  },
  {
    when: 'the peer to which a result was moved cannot be reached',
    then: 'its origin says where it went',
    async try(net) {
      const run = readdirSync(join(net.peer('a').home, 'runs'))
        .filter(each => each.startsWith('2'))
        .at(-1) as string
      await net.stopPeer('a')
      await net.until('c', members => members.some(({ name, state }) => name === 'a' && state !== 'alive'))
      const { status, stderr } = await net.bak('c', ['logs', run])
      assert.is(status, 66)
      assert.match(stderr, /was moved from here to a at 20/)
      await net.startPeer('a')
    }
  },
  {
    when: 'a file of a result was changed before it is moved',
    then: 'the move is refused, and does not seal it anew',
    async try(net) {
      assert.is((await net.bak('c', [...BARE, '--', 'true'])).status, 0)
      writeFileSync(join(result(net, 'c'), 'metadata.log'), 'other')
      const { status, stderr } = await net.bak('c', ['move', 'last', 'a'])
      assert.is(status, 66)
      assert.match(stderr, /metadata.log: .*/)
      const collected = await net.bak('c', ['collect', 'last'])
      assert.is(collected.status, 66)
      assert.match(collected.stderr, /metadata.log: .*/)
      assert.is((await net.bak('c', ['verify', 'last'])).status, 66, 'nor does a collection')
    }
  },
  {
    when: 'a result is not wanted any more',
    then: 'bak rm deletes it, and refuses while the run goes on',
    async try(net) {
      const run = last(net, 'c')
      assert.is((await net.bak('c', ['rm', 'last'])).status, 0)
      assert.not.match((await net.bak('c', ['show', 'last'])).stdout, new RegExp(run))
      assert.not.ok(existsSync(join(net.peer('c').home, 'runs', run)))
      assert.is((await net.bak('c', ['rm', run])).status, 66)
      const going = await startRun(net, 'c', ['--tools', 'none', '--sysinfo', 'none', '--', 'sleep', '1'])
      assert.match((await net.bak('c', ['rm', going.run])).stderr, /still goes on/)
      await going.finished
    }
  },
  {
    when: 'bak verify is given a folder that is no result',
    then: 'it says that it has no run.json',
    async try(net) {
      const folder = join(net.folder, 'empty')
      mkdirSync(folder)
      const { status, stderr } = await net.bak('c', ['verify', folder])
      assert.is(status, 66)
      assert.match(stderr, /empty is a folder without run\.json/)
    }
  }
]

const net = { peers: ['a', 'b', 'c'], args: (name: string) => (name === 'a' ? ['--label', 'archive=true'] : []) }
situations('nothing lost', net, [...oddFiles, ...seals, ...bytes, ...later])

const disk = suite('a full disk')
skipWhere(asRoot, disk)(
  'the disk of the controller is full at the end: 74, not running for ever, sealed at the next start',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bak-'))
    const home = join(folder, 'c')
    mkdirSync(home)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=28m,mode=700', 'tmpfs', home])
    let net: Testnet | undefined
    try {
      net = await Testnet.start({ peers: ['c'], folder })
      const run = await net.bak('c', [...BARE, '--', 'sh', '-c', `head -c 100M /dev/zero > ${home}/fill; true`])
      assert.is(run.status, 74, run.stderr)
      const list = async () => (await net?.bak('c', ['ls']))?.stdout ?? ''
      assert.match(await list(), / failed/)
      assert.not.match((await net.bak('c', ['ps'])).stdout, new RegExp(last(net, 'c')))
      const again = await net.bak('c', [...BARE, '--', 'true'])
      assert.is(again.status, 74, again.stderr)
      assert.is(readdirSync(join(home, 'runs')).length, 1, 'a run that could not begin left nothing')
      assert.is((await net.bak('c', ['tools', 'register', 'proc'])).status, 74)
      rmSync(join(home, 'fill'))
      await net.stopPeer('c')
      await net.startPeer('c')
      assert.match(await list(), / failed/)
      const { status, stdout } = await net.bak('c', ['verify', last(net, 'c')])
      assert.is(status, 2, stdout)
      assert.match(
        stdout,
        /^certificates\/\S+: not in the seal: .*its disk was full[\s\S]*: as it was signed, \d+ not proven/m
      )
    } finally {
      await net?.stop()
      execFileSync('umount', [home])
      rmSync(folder, { recursive: true, force: true })
    }
  }
)
disk.run()

function runFile(net: Testnet, text: string): string {
  const path = join(net.folder, `run${readdirSync(net.folder).length}.toml`)
  writeFileSync(path, text)
  return path
}

function last(net: Testnet, name: string): string {
  const runs = readdirSync(join(net.peer(name).home, 'runs')).filter(each => /^\d{8}T\d{6}-\w{6}$/.test(each))
  return runs.sort((a, b) => record(net, name, a).created - record(net, name, b).created).at(-1) as string
}

const result = (net: Testnet, name: string) => join(net.peer(name).home, 'runs', last(net, name))
const output = (net: Testnet, file: string) => join(result(net, 'c'), '1-default/sample1/workload/c', file)

async function verified(net: Testnet, name: string): Promise<void> {
  const { status, stdout, stderr } = await net.bak(name, ['verify', last(net, name)])
  assert.is(status, 0, stdout + stderr)
}

/** What a command prints on stdout, as bytes. */
async function bytesOf(net: Testnet, name: string, args: string[]): Promise<Buffer> {
  const chunks: Buffer[] = []
  const child = net.spawnBak(name, args)
  child.stdout?.on('data', chunk => chunks.push(chunk))
  await new Promise(resolve => child.once('close', resolve))
  return Buffer.concat(chunks)
}
