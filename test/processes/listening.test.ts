/** Which ports a process group listens on, by what the kernel says. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { listenersIn, listeningPorts } from '../../node/processes/listening.ts'

const test = suite('ports that a process group listens on')

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0000000000000000 100 0 0 10 0
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1 0000000000000000 100 0 0 10 0
   2: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 333 1 0000000000000000 100 0 0 10 0
`

test('are those of sockets that listen, not of connections to them', () => {
  const port = 8080
  assert.equal(listenersIn(table), [
    { port, inode: '111' },
    { port, inode: '222' }
  ])
  assert.equal(listenersIn(''), [])
})

test('are those of its own processes only', async () => {
  const script = "const s=require('net').createServer().listen(0,'127.0.0.1',()=>console.log(s.address().port))"
  const child = spawn(process.execPath, ['-e', script], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  const own = createServer()
  try {
    const [line] = await once(child.stdout, 'data')
    const port = Number(String(line))
    own.listen(0, '127.0.0.1')
    await once(own, 'listening')
    const group = child.pid as number
    assert.equal(listeningPorts(group), [port])
    const ended = once(child, 'exit')
    process.kill(-group, 'SIGKILL')
    await ended
    assert.equal(listeningPorts(group), [], 'a group that has ended')
  } finally {
    own.close()
    child.kill('SIGKILL')
  }
})

test.run()
