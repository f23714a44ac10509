/** SIGUSR1, which tools of administrators send, opens no debugger: who connects to one runs code as the daemon's user. */
import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BAK_NODE } from '../../testnets/programs.ts'
import { finished, sleep, useTestnet } from '../helpers/mesh.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('a daemon that gets SIGUSR1')
const net = useTestnet(test, { peers: ['a'] })

/** Where Node's debugger listens. */
const DEBUGGER = { host: '127.0.0.1', port: 9229 }

const isOpen = () =>
  new Promise<boolean>(resolve => {
    const socket = connect(DEBUGGER)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

test('goes on, with no debugger', async () => {
  net().peer('a').child?.kill('SIGUSR1')
  await sleep(500)
  assert.not(await isOpen())
  assert.is((await net().members('a')).length, 1)
})

test('opens none while it starts, nor does the single program with which a person asks it', async () => {
  for (const program of [BAK_NODE, BAK_NODE.replace(/-node$/, '')]) {
    const child = spawn(program, ['--home', join(scratch(), 'home'), 'status'], { stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = finished(child)
    // the shell that starts the runtime has not replaced itself at once, and would end
    await sleep(60)
    child.kill('SIGUSR1')
    assert.not(await isOpen())
    await ended
  }
})

test.run()
