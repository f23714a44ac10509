/** Situations of tools that fail, alone or when they are stopped, write nothing, or fall behind. */
import * as assert from 'uvu/assert'
import { isPhase, record, sleep, startRun, type Testnet } from '../helpers/mesh.ts'
import { situations } from './table.ts'

const tool = (command: string) => ['--sysinfo', 'none', '--tool', `t=${command}`]
/** Runs in the folder of its member. */
const failsOnB = 'case $PWD in */b/*) echo bad >&2; exit 3;; esac; exec sleep 600'

/** @returns the exit status of a run that is over, and its record */
async function ended(net: Testnet, words: string[]) {
  const run = await startRun(net, 'a', words)
  const { status } = await run.finished
  return { status, record: record(net, 'a', run.run) }
}

situations('tools that do not do what they were asked for', { peers: ['a', 'b'] }, [
  {
    when: 'a tool fails at start on one of two members',
    then: 'that member is named with its error, and the other one is not excluded',
    async try(net) {
      const { status, record } = await ended(net, [...tool(failsOnB), '--', 'true'])
      assert.is(status, 3)
      assert.match(record.reason as string, /^b: t: ended with exit 3 before its first output: bad; /)
      assert.equal(
        record.excluded.map(({ name, phase, code }) => [name, phase, code]),
        [['b', 'start', 'tool-failed']]
      )
    }
  },
  {
    when: 'a run is cancelled while members start their tools',
    then: 'it is cancelled, and no member is blamed',
    async try(net) {
      const run = await startRun(net, 'a', [...tool('exec sleep 600'), '--', 'true'])
      await run.until(isPhase('start'))
      for await (const answer of net.call('b', 'cancel', { run: run.run })) assert.is(answer.accepted, true)
      assert.is((await run.finished).status, 4)
      const { excluded, partial, verdict } = record(net, 'a', run.run)
      assert.equal([verdict, excluded, partial], ['cancelled', [], false])
    }
  },
  {
    when: 'a tool fails when it is stopped, and one writes nothing',
    then: 'each is missing, with its error; --strict makes it 2',
    async try(net) {
      const fails = tool("echo x; trap 'echo cannot write: no space >&2; exit 5' TERM; while :; do sleep 0.1; done")
      const { status, record } = await ended(net, [
        '--strict',
        '--on',
        'b',
        ...fails,
        '--tool',
        'quiet=sleep 600',
        '--',
        'true'
      ])
      assert.equal(record.shortfalls.map(({ member, what, reason }) => [member, what, reason]).sort(), [
        ['b', 'quiet', 'wrote nothing'],
        ['b', 't', 'exit 5 when it was stopped: cannot write: no space']
      ])
      assert.is(status, 2)
    }
  },
  {
    when: 'a member is held up while the tool proc samples',
    then: 'the samples that it missed are named; --strict makes it 2',
    async try(net) {
      const words = ['--strict', '--tools', 'proc', '--interval', '0.5', '--sysinfo', 'none', '--', 'sleep', '6']
      const run = await startRun(net, 'a', words)
      await run.until(event => event.type === 'workload-started')
      const pid = net.peer('b').child?.pid as number
      process.kill(pid, 'SIGSTOP')
      await sleep(4_000)
      process.kill(pid, 'SIGCONT')
      const { status } = await run.finished
      const [gap] = record(net, 'a', run.run).shortfalls.filter(({ member }) => member === 'b')
      assert.match(`${gap?.what}: ${gap?.reason}`, /^proc: [78] of 1\d samples missed/)
      assert.is(status, 2)
    }
  }
])
