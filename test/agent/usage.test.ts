import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { between, usageNow } from '../../node/agent/usage.ts'
import { processorTimesOf } from '../../node/processes/process-group.ts'
import { createWorkspace, until } from '../helpers/workspace.ts'

const test = suite('resource usage')

const none = { total: { sent: 0, received: 0 } }
/** CPU time of this process in /proc, ms. */
const inProc = () => {
  const stat = readFileSync('/proc/self/stat', 'latin1')
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number)
  return 10 * (user + system)
}

test('CPU time and context switches between two snapshots are those of the kernel', async () => {
  const [first, before] = [inProc(), usageNow(none)]
  const inner = inProc()
  while (inProc() < inner + 200) JSON.parse(JSON.stringify(process.versions))
  await new Promise(resolve => setTimeout(resolve, 20))
  const within = inProc() - inner
  const cost = between(before, usageNow(none), 0)
  const around = inProc() - first
  const spent = cost.user + cost.system
  assert.ok(spent >= within - 20 && spent <= around + 20, `${spent} ms, and ${within} to ${around}`)
  // threads of the runtime work beside this one
  assert.ok(cost.elapsed >= 150 / availableParallelism(), `${cost.elapsed} ms`)
  assert.ok(cost.voluntary > 0)
  assert.is(cost.tools, 0)
})

test('bytes are those sent and received between the snapshots', () => {
  const before = usageNow({ total: { sent: 10, received: 20 } })
  const cost = between(before, usageNow({ total: { sent: 15, received: 27 } }), 8)
  assert.equal([cost.sent, cost.received, cost.tools], [5, 7, 8])
})

test('the CPU time of a tool includes all processes of its group, also those that have ended', async () => {
  const { folder, supervisor, close } = createWorkspace('cost')
  const busy = 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'
  const child = await supervisor.spawn({
    argv: ['/bin/sh', '-c', `sh -c '${busy}'; sleep 100 & ${busy}; sleep 100`],
    ...{ cwd: folder, env: {}, stdout: `${folder}/out`, stderr: `${folder}/err` }
  })
  try {
    await until(() => ((processorTimesOf([child.pid]).get(child.pid) ?? 0) >= 50 ? true : undefined))
    assert.equal([...processorTimesOf([])], [])
    const none = 2 ** 22 + 1
    assert.equal([...processorTimesOf([none])], [[none, 0]])
  } finally {
    await close()
  }
})

test.run()
