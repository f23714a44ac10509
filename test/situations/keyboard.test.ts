/** Situations of a person at a terminal: signals, output that cannot be written, first mistakes, and what is printed. */
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { isPhase, record, sleep, startRun } from '../helpers/mesh.ts'
import { QUIET, shell } from './shell.ts'
import { situations } from './table.ts'

const runOf = (text: string) => /run=(\S+)/.exec(text)?.[1] ?? /run (\S+) started/.exec(text)?.[1] ?? 'no run'

situations('at the keyboard', { peers: 2 }, [
  {
    from: 'docker-locust#27, k6#4010',
    when: '`timeout` ends `bak run` with SIGTERM',
    then: 'the run is cancelled, once, and followed to its end',
    async try(net) {
      const { status, stderr } = await shell(net, 'timeout 2 $BAK $R -- sleep 60')
      assert.is(status, 124)
      assert.match(stderr, /cancelling, because of SIGTERM/)
      assert.match(stderr, /: cancelled/)
      assert.not.match(stderr, 'detached')
    }
  },
  {
    when: 'SIGQUIT to `bak run`',
    then: 'the run is cancelled as with Ctrl-C, exit 4',
    async try(net) {
      const run = await startRun(net, 'n1', [...QUIET, '--', 'sleep', '60'])
      await run.until(isPhase('work'))
      run.kill('SIGQUIT')
      assert.is((await run.finished).status, 4)
      assert.equal((run.events.find(({ type }) => type === 'cancel') as { reason?: string })?.reason, 'SIGQUIT')
    }
  },
  {
    when: 'the terminal of `bak run` is closed (SIGHUP)',
    then: 'it says that the run goes on, exit 5; the run does',
    async try(net) {
      const { stderr } = await shell(net, '$BAK $R -- sleep 3 & sleep 2; kill -HUP $!; wait $!; echo "exit $?" >&2')
      assert.match(stderr, /exit 5$/m)
      assert.match(stderr, /detached from run \S+, which continues: bak attach/)
      const { status } = await net.bak('n1', ['attach', runOf(stderr)])
      assert.is(status, 0)
    }
  },
  {
    from: 'fd#737, zstd#42',
    when: 'the output of `bak run` goes to a full disk',
    then: 'one line, the run is followed to its end, exit 74',
    async try(net) {
      const { status, stderr } = await shell(net, "$BAK $R -- sh -c 'echo a; sleep 1; echo b' >/dev/full")
      assert.is(status, 74, stderr)
      assert.is(stderr.match(/cannot write to standard output: no space left on device/g)?.length, 1, stderr)
      assert.match(stderr, /: ok in/)
      assert.not.match(stderr, '    at ')
    }
  },
  {
    when: 'the messages of `bak run` go to a full disk',
    then: 'one line on the other stream, followed to its end, exit 74',
    async try(net) {
      const { status, stdout } = await shell(net, '$BAK $R -- echo b 2>/dev/full')
      assert.is(status, 74)
      assert.is(stdout, 'bak: cannot write to standard error: no space left on device (ENOSPC)\nb\n')
    }
  },
  {
    when: 'the output of `bak run` fails and so does the workload',
    then: 'the status is that of the run',
    async try(net) {
      assert.is((await shell(net, "$BAK $R -- sh -c 'echo a; false' >/dev/full")).status, 1)
    }
  },
  {
    when: 'the reader of `bak run` closes its end',
    then: 'nothing is said of it, and the status is that of the run',
    async try(net) {
      const line =
        "($BAK $R -- sh -c 'echo a; sleep 1; echo b; false'; echo $? >status) 2>messages | head -1; cat status"
      const { stdout } = await shell(net, line)
      assert.is(stdout, 'a\n1\n')
    }
  },
  {
    when: 'any other command writes to a full disk',
    then: 'one line, exit 74',
    async try(net) {
      for (const words of ['ls', 'members --json', 'completion bash', '--help']) {
        const { status, stderr } = await shell(net, `$BAK ${words} >/dev/full`)
        assert.is(status, 74, words)
        assert.is(stderr, 'bak: cannot write to standard output: no space left on device (ENOSPC)\n')
      }
      for (const words of ['status', 'invite']) {
        const { status, stderr } = await shell(net, `$BAK-node ${words} >/dev/full`)
        assert.is(status, 74, words)
        assert.match(stderr, /^bak-node: cannot write to standard output: .*\n$/)
      }
    }
  },
  {
    when: 'a stopped `bak run` (Ctrl-Z) is continued after the run is over',
    then: 'it goes on, with all output and the status',
    async try(net) {
      const run = await startRun(net, 'n1', [...QUIET, '--', 'sh', '-c', 'echo a; sleep 1; echo b; exit 3'])
      run.kill('SIGSTOP')
      await sleep(2500)
      run.kill('SIGCONT')
      assert.is((await run.finished).status, 1)
      const output = run.events.filter(({ type }) => type === 'output').map(event => (event as { text: string }).text)
      assert.is(output.join(''), 'a\nb\n')
    }
  },
  {
    when: 'a command is given where a run file is expected',
    then: '64, with the line that was meant',
    async try(net) {
      writeFileSync(join(net.folder, 'benchmark'), '#!/bin/sh\n', { mode: 0o755 })
      writeFileSync(join(net.folder, 'script.sh'), 'echo 1\n')
      const table: Array<[words: string[], status: number, said: RegExp]> = [
        [['./benchmark'], 64, /is a program and no run file; a command comes after --: bak run -- \.\/benchmark\n$/],
        [['./benchmark', 'a b'], 64, /bak run -- \.\/benchmark 'a b'\n$/],
        [['./benchmark', '--size', '4k'], 64, /unknown option '--size'; options of a command come after --\n$/],
        [['ls'], 64, /there is no run file ls; a command comes after --: bak run -- ls\n$/],
        [['script.sh'], 65, /\nbak: if script\.sh is a command: bak run -- script\.sh\n$/],
        [['--', 'cat x | sort'], 64, /sh -c 'cat x \| sort'\n$/],
        [['--', 'sleep 1'], 64, /sh -c 'sleep 1', or as words of their own: bak run -- sleep 1\n$/]
      ]
      for (const [words, expected, said] of table) {
        const { status, stderr } = await net.bak('n1', ['run', ...words])
        assert.is(status, expected, stderr)
        assert.match(stderr, said)
      }
    }
  },
  {
    when: 'a command of bak is mistyped',
    then: 'a near one is suggested, and none that has little in common',
    async try(net) {
      assert.match((await net.bak('n1', ['prune'])).stderr, /unknown command 'prune'; bak --help lists them\n$/)
      assert.match((await net.bak('n1', ['memebrs'])).stderr, /; did you mean members\?\n$/)
      assert.is((await net.bak('n1', ['prune'])).status, 64)
      assert.match((await net.bak('n1', ['tools', 'register', 'procc'])).stdout, 'did you mean proc?')
    }
  },
  {
    when: 'config.toml sets what a run file sets too',
    then: 'the run file wins over [cli.run], a flag over both',
    async try(net) {
      const config = join(net.peer('n1').home, 'config.toml')
      writeFileSync(config, '[cli.run]\nsamples = 3\nquorum = "majority"\ntools = "none"\nname = "usual"\n')
      writeFileSync(join(net.folder, 'one.toml'), 'command = ["true"]\nsamples = 1\n[policy]\nquorum = "all"\n')
      const nameOf = async (words: string[]) => {
        const { stdout } = await net.bak('n1', ['run', '--json', ...words])
        const { run } = JSON.parse(stdout.split('\n')[0] as string)
        return record(net, 'n1', run)
      }
      const { spec } = await nameOf(['one.toml'])
      assert.equal([spec.samples, spec.policy.quorum, spec.name, spec.tools], [1, 'all', 'usual', ['none']])
      assert.is((await nameOf(['one.toml', '--samples', '2', '--sysinfo', 'none'])).spec.samples, 2)
      rmSync(config)
    }
  },
  {
    when: 'another peer has the results of ended runs',
    then: '`bak ls --mesh` lists them, with who has them',
    async try(net) {
      const [first] = (await net.bak('n2', ['run', '--json', ...QUIET, '--', 'true'])).stdout.split('\n')
      const { run } = JSON.parse(first as string)
      const { runs } = JSON.parse((await net.bak('n1', ['ls', '--mesh', '--json'])).stdout)
      const line = runs.find((each: { run: string }) => each.run === run)
      assert.equal([line?.verdict, line?.at, line?.controller.name], ['ok', 'n2', 'n2'])
      assert.not.match((await net.bak('n1', ['ls'])).stdout, run)
      assert.not.match((await net.bak('n1', ['ps'])).stdout, run)
      for (const name of ['n1', 'n2']) {
        const { status, stderr } = await net.bak(name, ['cancel', run])
        assert.equal([status, stderr], [66, `bak: run ${run} has ended already: ok\n`])
      }
    }
  },
  {
    when: 'the folder of a result is to be copied from the screen',
    then: 'it stands alone on the last line',
    async try(net) {
      const { stderr } = await net.bak('n1', ['run', ...QUIET, '--', 'true'])
      const last = stderr.trim().split('\n').at(-1) as string
      assert.ok(existsSync(join(last, 'run.json')), stderr)
    }
  }
])
