import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  activityOf,
  cpuOf,
  cpuOfAlone,
  parseStat,
  pssOf,
  residentOf,
  withDescendants
} from '../../../scripts/bench/processes.ts'

const processes = suite('what processes use')
const LIMIT = 20_000

processes('a name may hold spaces and brackets', () => {
  const times = '100 200 300 400'
  const text = `77 (a) b (c) S 12 77 77 0 -1 4194560 1 2 3 4 ${times} 20 0 11 0 1 2 3`
  assert.equal(parseStat(text), { pid: 77, parent: 12, cpu: 10_000 })
})

processes('a process counts with its children, those that run and those that have ended', async () => {
  // one child of the shell burns and ends, one goes on
  const burn = 'i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done'
  const child = spawn(
    'sh',
    ['-c', `sh -c '${burn}'; echo done; sh -c '${burn}; ${burn}; echo again; sleep 20' & wait`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true
    }
  )
  try {
    const pid = child.pid as number
    let said = ''
    child.stdout.on('data', data => (said += data))
    const deadline = AbortSignal.timeout(LIMIT)
    while (!said.includes('done')) await once(child.stdout, 'data', { signal: deadline })
    const ended = cpuOfAlone([pid])
    assert.ok(ended > 0, `${ended} ms of a child that has ended`)
    while (!said.includes('again')) await once(child.stdout, 'data', { signal: deadline })
    assert.ok(cpuOf([pid]) > cpuOfAlone([pid]), 'a child that runs counts, too')
    const all = withDescendants([pid])
    assert.ok(all.includes(pid) && all.length >= 2 && !all.includes(process.pid), all.join(' '))
  } finally {
    process.kill(-(child.pid as number), 'SIGKILL')
  }
})

processes('memory and activity of this very process are there, of none that has gone', () => {
  const { pid } = process
  assert.ok((pssOf(pid) as number) > 10)
  const resident = residentOf(pid)
  assert.ok(resident.now > 10 && resident.peak > 10)
  const { cpu, switches, bytes } = activityOf([pid])
  assert.ok(cpu > 0 && switches > 0 && bytes > 0)
  assert.is(pssOf(2 ** 22 + 1), undefined)
  assert.equal(activityOf([2 ** 22 + 1]), { cpu: 0, switches: 0, bytes: 0 })
})

processes.run()
