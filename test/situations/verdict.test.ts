/** Situations in which a run lacks what it was asked for: that is named, waited for and counted. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { EndedEvent } from '../../protocols/events.ts'
import type { Testnet } from '../../testnets/testnet.ts'
import { bakNode, type Finished, record, sleep, startRun } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'
import { situations } from './table.ts'

const QUIET = ['--tools', 'none', '--sysinfo', 'none']
/** A wait that a person would not notice. */
const SHORT = ['--join-timeout', '1']
const R = (...words: string[]) => ['run', ...QUIET, ...words]

/** @returns the events of a run with `--json`, that of its end, and its exit status */
async function ended(net: Testnet, words: string[], peer = 'a') {
  const finished = await net.bak(peer, ['run', '--json', ...words])
  const events = finished.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  const last = events.find(event => event.type === 'ended') as EndedEvent
  assert.ok(last, finished.stderr)
  return { ...finished, events, last, run: events[0].run as string, absent: events[0].absent as string[] }
}

const lines = ({ stderr }: Finished) => stderr.trim().split('\n')
const file = (net: Testnet, text: string) => {
  const path = join(net.folder, 'situation.toml')
  writeFileSync(path, text)
  return path
}
const lose = async (net: Testnet, name: string) => {
  await net.stopPeer(name, 'SIGKILL')
  await net.until('a', members => members.some(each => each.name === name && each.state === 'lost'))
}

situations('what was asked for and is not there', { peers: ['a', 'b'], args: name => ['--label', `role=${name}`] }, [
  {
    from: 'jsdoc#12',
    when: 'bak run --tools constructor',
    then: 'nobody knows that tool: 64 at once',
    async try(net) {
      const began = performance.now()
      const { status, stderr } = await net.bak('a', ['run', '--tools', 'constructor', '--', 'true'])
      assert.is(status, 64)
      assert.match(stderr, /^bak: constructor: no peer knows this tool; known are proc, /)
      assert.ok(performance.now() - began < 10_000)
    }
  },
  {
    when: 'bak run --tools procc, and the same with --dry-run',
    then: '64, and what was meant',
    async try(net) {
      for (const more of [[], ['--dry-run']]) {
        const { status, stderr } = await net.bak('a', ['run', '--tools', 'procc', ...more, '--', 'true'])
        assert.equal([status, /did you mean proc\?/.test(stderr)], [64, true], stderr)
      }
    }
  },
  {
    when: 'a command of 4,097 words',
    then: '64, and the most that there may be',
    async try(net) {
      const { status, stderr } = await net.bak('a', R('--', ...Array.from({ length: 4_097 }, () => 'x')))
      assert.is(status, 64)
      assert.match(stderr, /command: has a length of 4097; 4096 is the most/)
    }
  },
  {
    when: 'a group whose selector fits nobody',
    then: 'it is named live, on the last lines and in bak show; --strict makes it 2',
    async try(net) {
      const groups = file(
        net,
        'tools = []\nsysinfo = "none"\n[[groups]]\nname = "g"\non = "role=x"\ntools = ["proc"]\n'
      )
      const plain = await net.bak('a', ['run', '--no-progress', groups, '--', 'true'])
      assert.is(plain.status, 0, plain.stderr)
      assert.equal(lines(plain).filter(line => /group g: no member of the run fits "role=x"/.test(line)).length, 2)
      assert.match((await net.bak('a', ['show', 'last'])).stdout, /group g +- +no member of the run fits "role=x"/)
      assert.is((await net.bak('a', ['run', '--strict', groups, '--', 'true'])).status, 2)
    }
  },
  {
    when: 'a tool of your own whose program a member does not have',
    then: 'bak check, the dry run, the run and --strict say so, with its program and words',
    async try(net) {
      const tool = ['--tool', 'net=no-such-dump -i eth0']
      const said = /no-such-dump not found on PATH \(no-such-dump -i eth0\)/
      const check = await net.bak('a', ['check', ...tool])
      assert.equal([check.status, said.test(check.stdout)], [78, true], check.stdout)
      const plan = await net.bak('a', ['run', '--dry-run', '--strict', ...tool, '--', 'true'])
      assert.equal([plan.status, said.test(plan.stdout)], [2, true], plan.stdout)
      const run = await net.bak('a', ['run', '--no-progress', '--strict', ...tool, '--', 'true'])
      assert.is(run.status, 2)
      assert.match(lines(run).at(-2) as string, said)
    }
  },
  {
    from: 'pbench issues on tool failures',
    when: 'a tool dies in mid run',
    then: 'it is named while the run goes on, on the last lines and in bak show; --strict makes it 2',
    async try(net) {
      const tool = ['--tool', 'dies=echo on; sleep 1; echo no disk >&2; exit 3']
      const { events, last, status } = await ended(net, [...tool, '--strict', '--', 'sleep', '3'])
      const lacks = { kind: 'tool', what: 'dies', reason: 'ended early with exit 3: no disk' }
      const named = last.shortfalls
        .filter(({ what }) => what === 'dies')
        .sort((a, b) => (`${a.member}` < `${b.member}` ? -1 : 1))
      assert.equal(named, [
        { ...lacks, member: 'a' },
        { ...lacks, member: 'b' }
      ])
      const at = (type: string) => events.findIndex(event => event.type === type)
      assert.ok(at('shortfall') > 0 && at('shortfall') < at('workload-ended'), 'it is named before the workload ends')
      assert.is(status, 2)
      assert.match((await net.bak('a', ['show', 'last'])).stdout, /\ndies +b +ended early with exit 3: no disk\n/)
    }
  },
  {
    when: 'a tool prints its error, and then its usage',
    then: 'the verdict has the error',
    async try(net) {
      const tool = ['--tool', 'x=echo x: bad option >&2; for i in 1 2 3 4; do echo "  -$i  do it" >&2; done; exit 2']
      const { status, last } = await ended(net, [...tool, '--', 'true'])
      assert.is(status, 3)
      const said =
        /^[ab]: x: ended with exit 2 before its first output: x: bad option; .*\d of the 2 members needed answered start$/
      assert.match(last.reason as string, said)
    }
  },
  {
    when: 'a workload exits 7',
    then: 'three short lines with its exit and its error, and no line that says ok of it',
    async try(net) {
      const script = 'echo "bench: no such disk" >&2; exit 7'
      const run = await net.bak('a', R('--no-progress', '--', 'sh', '-c', script))
      assert.is(run.status, 1)
      const [verdict, folder] = lines(run).slice(-2) as [string, string]
      assert.match(verdict, /^run \S+: workload failed in .*: exit 7 in 1-default\/sample1: bench: no such disk$/)
      assert.match(folder, /^\/.*\/runs\/[^/ ]+$/)
      assert.match(run.stderr, / phase=work step=1-default\/sample1 failed exit=7 /)
      assert.not.match(run.stderr, /phase=work.* ok/)
    }
  },
  {
    when: 'a workload exits with 0 when its deadline comes',
    then: 'it has failed, and the deadline is named',
    async try(net) {
      const script = 'trap "exit 0" TERM; sleep 30 & wait'
      const run = await net.bak('a', R('--no-progress', '--strict', '--timeout', '1', '--', 'sh', '-c', script))
      assert.is(run.status, 1)
      assert.match(run.stderr, /workload failed in .*: ended at its deadline of 1 s \(exit 0\) in 1-default\/sample1/)
    }
  },
  {
    when: 'a workload replaces BAK_OUT by a link',
    then: 'that is its failure, named with the target of the link, and no member is excluded',
    async try(net) {
      const script = 'mv "$BAK_OUT" "$BAK_OUT.away"; ln -s "$BAK_OUT.away" "$BAK_OUT"; echo x > "$BAK_OUT/data"'
      const { status, last } = await ended(net, [...QUIET, '--', 'sh', '-c', script])
      assert.equal([status, last.excluded], [1, []], JSON.stringify(last))
      assert.match(last.reason as string, /replaced its folder BAK_OUT by a link to \/.*\.away: /)
    }
  },
  {
    when: 'a workload deletes the file that its output goes to',
    then: 'that is its failure, and the file is named',
    async try(net) {
      const { status, last } = await ended(net, [...QUIET, '--', 'sh', '-c', 'echo x; rm "$BAK_OUT/stdout.txt"'])
      assert.is(status, 1, JSON.stringify(last))
      assert.match(last.reason as string, /the workload deleted stdout\.txt in BAK_OUT: what it printed there is not/)
    }
  },
  {
    when: 'a workload cannot be started',
    then: 'what the machines were like afterwards is recorded all the same',
    async try(net) {
      const script = join(net.folder, 'no-interpreter.sh')
      writeFileSync(script, '#!/no/such/interpreter\n', { mode: 0o755 })
      const { status, run } = await ended(net, ['--tools', 'none', '--', script])
      assert.is(status, 1)
      const { sent, partial } = record(net, 'a', run)
      const snapshots = sent.map(({ name, what }) => `${name} ${what}`).filter(what => /sysinfo end/.test(what))
      assert.equal([snapshots.sort(), partial], [['a sysinfo end', 'b sysinfo end'], false])
    }
  },
  {
    when: 'bak run --strict --detach, with a tool that writes nothing',
    then: 'bak attach gives the status that the run has with --strict',
    async try(net) {
      const words = ['--sysinfo', 'none', '--strict', '--detach', '--tool', 'quiet=exec sleep 600', '--', 'true']
      const id = (await net.bak('a', ['run', ...words])).stdout.trim()
      assert.is((await net.bak('b', ['attach', id])).status, 2)
      assert.equal([record(net, 'a', id).status, record(net, 'a', id).spec.policy.strict], [2, true])
    }
  },
  {
    when: 'tools are registered for a group',
    then: 'bak run --group uses them, and no run with groups of its own does',
    async try(net) {
      const registered = await net.bak('a', [
        'tools',
        'register',
        '--group',
        'g',
        '--tool',
        'mine=echo hello; exec sleep 600'
      ])
      assert.is(registered.status, 0, registered.stderr)
      try {
        await net.until('a', members => members.every(each => each.registered.length === 1))
        const used = await ended(net, ['--group', 'g', '--sysinfo', 'none', '--', 'true'])
        assert.is(used.status, 0, JSON.stringify(used.last))
        const tools = (run: string) => record(net, 'a', run).roster.flatMap(each => each.tools.map(({ tool }) => tool))
        assert.equal(tools(used.run), ['mine', 'mine'])
        const own = file(net, 'sysinfo = "none"\n[[groups]]\nname = "own"\non = "b"\ntools = ["proc"]\n')
        assert.equal(tools((await ended(net, [own, '--', 'true'])).run), ['proc'])
        assert.is((await net.bak('a', ['run', '--group', 'h', '--', 'true'])).status, 64)
      } finally {
        await net.bak('a', ['tools', 'clear', '--group', 'g'])
      }
    }
  },
  {
    when: 'bak run --on role= where nobody has an empty label',
    then: 'nobody is selected: 3',
    async try(net) {
      const { status, stderr } = await net.bak('a', R(...SHORT, '--on', 'role=', '--', 'true'))
      assert.equal([status, /no peer that is here fits "role="/.test(stderr)], [3, true], stderr)
    }
  },
  {
    when: 'a key is used again for another command',
    then: '75, and what differs; for the same command it is the same run',
    async try(net) {
      const key = ['--key', 'nightly']
      const first = await net.bak('a', R(...key, '--detach', '--', 'true'))
      const again = await net.bak('a', R(...key, '--detach', '--', 'true'))
      assert.equal([again.status, again.stdout], [0, first.stdout])
      const other = await net.bak('a', R(...key, '--detach', '--', 'false'))
      assert.equal([other.status, /which differs in command/.test(other.stderr)], [75, true], other.stderr)
    }
  },
  {
    when: 'several runs begin in one second',
    then: 'last is the one begun last, and bak ls has them in their order',
    async try(net) {
      const begun: string[] = []
      for (let i = 0; i < 4; i++) begun.push((await net.bak('a', R('--detach', '--', 'true'))).stdout.trim())
      const listed = JSON.parse((await net.bak('a', ['ls', '--json'])).stdout).runs as Array<{ run: string }>
      assert.equal(
        listed.slice(-4).map(({ run }) => run),
        begun
      )
      assert.match((await net.bak('a', ['show', 'last'])).stdout, begun.at(-1) as string)
      await until(async () => !(await net.bak('a', ['ps'])).stdout.includes('running'), { timeout: 10_000 })
    }
  },
  {
    when: 'two runs measure the same members at once',
    then: 'both say so, live and in their records; bak ps shows it',
    async try(net) {
      const both = [await startRun(net, 'a', [...QUIET, '--', 'sleep', '4'])]
      await both[0]?.until(event => event.type === 'workload-started')
      both.push(await startRun(net, 'b', [...QUIET, '--', 'sleep', '2']))
      for (const run of both) await run.until(event => event.type === 'beside')
      const { stdout } = await net.bak('b', ['ps', '--json'])
      const listed = JSON.parse(stdout).runs as Array<{ run: string; beside: Array<{ run: string }> }>
      const others = [both[1]?.run, both[0]?.run]
      assert.equal(
        both.map(({ run }) => listed.find(each => each.run === run)?.beside.map(each => each.run)),
        others.map(run => [run])
      )
      for (const [i, run] of both.entries()) {
        assert.is((await run.finished).status, 0)
        const { beside } = record(net, ['a', 'b'][i] as string, run.run)
        assert.equal(beside, [{ run: others[i] as string, controller: ['b', 'a'][i] as string, members: ['a', 'b'] }])
      }
    }
  },
  {
    when: 'bak run --dry-run --on b on a',
    then: 'a only drives, and is marked so',
    async try(net) {
      const { status, stdout } = await net.bak('a', ['run', '--dry-run', '--on', 'b', '--tools', 'none', '--', 'true'])
      assert.is(status, 0)
      assert.match(stdout, /\n1 +a \(only drives\) /)
      assert.match(stdout, /\n1 member must answer each phase, and the controller\nwould run: ok\n/)
    }
  },
  {
    when: 'a quorum is larger than the roster',
    then: 'the run is refused before anything starts, and the driver is not counted; so the dry run says',
    async try(net) {
      const words = ['--on', 'b', '--quorum', '5', ...QUIET, '--', 'true']
      const { status, last, run } = await ended(net, words)
      assert.is(status, 3)
      assert.is(last.reason, 'a quorum of 5 was asked for, and "b" selects 1: b')
      assert.is(record(net, 'a', run).manifest, undefined)
      assert.is((await net.bak('a', ['run', '--dry-run', ...words])).status, 3)
    }
  }
])

situations(
  'members that are not there',
  { peers: ['a', 'b', 'd'], args: name => ['--label', `role=${name === 'a' ? 'ctl' : 'db'}`] },
  [
    {
      when: 'a member is lost while the workload runs, in a run that needs it',
      then: 'the screen and CI hear of it at once, and the run ends then and not at its end',
      async try(net) {
        const child = net.spawnBak('a', [
          'run',
          '--no-progress',
          '--heartbeat',
          '1',
          '--policy',
          'lost_timeout=2',
          ...QUIET,
          '--',
          'sleep',
          '600'
        ])
        let stderr = ''
        child.stderr?.on('data', data => (stderr += data))
        const status = new Promise<number | null>(resolve => child.once('close', resolve))
        await until(() => /phase=start .*ok/.test(stderr), { timeout: 30_000, what: () => stderr })
        await net.stopPeer('d', 'SIGKILL')
        await until(() => / lost=d /.test(stderr), { timeout: 15_000, what: () => stderr })
        await until(() => / 2 of 3 members, d lost \d s ago, /.test(stderr), { timeout: 5_000, what: () => stderr })
        assert.is(await status, 3)
        assert.match(
          stderr,
          /\nrun \S+: quorum not met, partial in .*: d: lost while the workload ran; 3 of 3 members are needed\n/
        )
      }
    },
    {
      when: 'bak run on all, with a member that is lost',
      then: 'it is named on the first line and the last lines, in --json and in the record; --strict makes it 2',
      async try(net) {
        const plain = await net.bak('a', R('--no-progress', '--', 'true'))
        assert.is(plain.status, 0, plain.stderr)
        assert.match(lines(plain)[0] as string, /^run \S+ started; not here: d \(lost\)$/)
        assert.is(lines(plain).at(-2), 'missing d: lost')
        const { absent, last, run, status } = await ended(net, [...QUIET, '--strict', '--on', 'role=db', '--', 'true'])
        assert.equal([status, absent], [2, ['d (lost)']])
        const lost = [{ kind: 'member', what: 'd', reason: 'lost' }]
        assert.equal([last.shortfalls, record(net, 'a', run).shortfalls], [lost, lost])
      }
    },
    {
      when: 'bak run names a member that is lost, or that nobody has heard of',
      then: 'it is waited for until the join timeout, and then missing: 3 under all; so the dry run says',
      async try(net) {
        for (const [name, state] of [
          ['d', 'd (lost)'],
          ['nosuch', 'nosuch (not known)']
        ]) {
          const words = [...QUIET, ...SHORT, '--on', `a,${name}`, '--', 'true']
          const { status, last, events } = await ended(net, words)
          assert.is(status, 3)
          assert.is(
            last.reason,
            `2 of 2 members of "a,${name}" must take part, and 1 is here within 1 s: a; missing: ${state}`
          )
          assert.ok(events.some(event => event.type === 'waiting' && event.absent.includes(state)))
          const plan = await net.bak('a', ['run', '--dry-run', ...words])
          assert.equal([plan.status, plan.stdout.includes('would wait 1 s')], [3, true], plan.stdout)
        }
      }
    },
    {
      when: 'the same with a quorum that is met without it',
      then: 'the run goes on after the wait, partial',
      async try(net) {
        const { status, last } = await ended(net, [
          ...QUIET,
          ...SHORT,
          '--on',
          'a,b,d',
          '--quorum',
          'majority',
          '--',
          'true'
        ])
        assert.equal([status, last.verdict, last.partial], [0, 'ok', true])
      }
    },
    {
      when: 'bak run --expect 3 --quorum 2, with two members',
      then: 'it goes on with two when the wait ends, and says so; without --quorum it is 3',
      async try(net) {
        const words = [...QUIET, ...SHORT, '--expect', '3']
        const { status, last } = await ended(net, [...words, '--quorum', '2', '--', 'true'])
        assert.equal([status, last.partial], [0, true])
        assert.ok(last.shortfalls.some(({ what }) => what === '1 of 3 expected members'))
        assert.is((await ended(net, [...words, '--', 'true'])).status, 3)
      }
    },
    {
      when: 'bak check --on d',
      then: 'd is lost: 78',
      async try(net) {
        const { status, stdout } = await net.bak('a', ['check', '--on', 'd', '--tools', 'proc'])
        assert.equal([status, /d: proc is missing: lost/.test(stdout)], [78, true], stdout)
      }
    },
    {
      when: 'a named member comes back while the run waits for it',
      then: 'the run begins with it',
      async try(net) {
        const run = await startRun(net, 'a', [...QUIET, '--on', 'a,d', '--join-timeout', '30', '--', 'true'])
        await run.until(event => event.type === 'waiting')
        await net.startPeer('d')
        assert.is((await run.finished).status, 0)
        assert.equal(
          record(net, 'a', run.run).roster.map(({ name }) => name),
          ['a', 'd']
        )
      }
    },
    {
      when: 'a member is drained',
      then: 'a run on all names it',
      async try(net) {
        await bakNode(net, 'b', ['drain'])
        try {
          await net.until('a', members => members.some(({ name, state }) => name === 'b' && state === 'draining'))
          const { absent } = await ended(net, [...QUIET, '--', 'true'])
          assert.equal(absent, ['b (draining)'])
        } finally {
          await bakNode(net, 'b', ['drain', '--off'])
        }
      }
    },
    {
      when: 'bak-node forget of a peer that will not come back',
      then: 'no run of any peer misses it; one that is here is not forgotten',
      async try(net) {
        await lose(net, 'd')
        const here = await bakNode(net, 'a', ['forget', 'b'])
        assert.equal([here.status, /b is alive: only a peer that is lost/.test(here.stderr)], [64, true], here.stderr)
        const gone = await bakNode(net, 'b', ['forget', 'd'])
        assert.equal([gone.status, gone.stdout], [0, 'forgotten: d\n'], gone.stderr)
        await net.until('a', members => members.every(({ name }) => name !== 'd'))
        await sleep(500)
        const { status, absent, last } = await ended(net, [...QUIET, '--strict', '--', 'true'])
        assert.equal([status, absent, last.shortfalls], [0, [], []])
      }
    }
  ]
)
