import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { until } from '../../../helpers/until.ts'
import { contextOf, failures, outcomes, runner, serviceTime } from './requesters.ts'

const command = suite<{ folder: string }>('the operation command')

command.before.each(context => {
  context.folder = mkdtempSync(join(tmpdir(), 'bak-command-'))
})
command.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }))

command(
  'a request is a process in the working folder, which its words and its environment tell who it is for',
  async ({ folder }) => {
    const words = [
      'sh',
      '-c',
      'echo "$1 $BAK_TASK $BAK_CLIENT $BAK_CLIENTS $BAK_REQUEST" >> log',
      'sh',
      '{client}/{request}'
    ]
    const ended = await outcomes({ type: 'command', command: words }, 2, { folder, index: 2, clients: 5 })
    assert.equal(failures(ended), [undefined, undefined])
    assert.is(readFileSync(join(folder, 'log'), 'utf8'), '2/0 search 2 5 0\n2/1 search 2 5 1\n')
  }
)

command('the service time is that of the process', async ({ folder }) => {
  const [ended] = await outcomes({ type: 'command', command: ['sleep', '0.2'] }, 1, { folder })
  assert.ok(serviceTime(ended as never) >= 200, `${serviceTime(ended as never)} ms`)
})

command('words are words, whatever a shell would make of them; one string is for the shell', async ({ folder }) => {
  await outcomes({ type: 'command', command: ['touch', '$(touch injected); x'] }, 1, { folder })
  assert.ok(existsSync(join(folder, '$(touch injected); x')))
  assert.not.ok(existsSync(join(folder, 'injected')))
  await outcomes({ type: 'command', command: 'touch a{client} && touch b' }, 1, { folder })
  assert.ok(existsSync(join(folder, 'a0')) && existsSync(join(folder, 'b')))
})

for (const [what, words, kind] of [
  ['an exit status', ['sh', '-c', 'exit 3'], 'exit 3'],
  ['a signal', ['sh', '-c', 'kill -TERM $$'], 'SIGTERM'],
  ['a program that is not there', ['no-such-program-of-bak'], 'ENOENT'],
  ['a word with a zero byte', ['true', 'a\0b'], 'ERR_INVALID_ARG_VALUE']
] as const) {
  command(`${what} is an error of its kind`, async ({ folder }) => {
    const ended = await outcomes({ type: 'command', command: [...words] }, 2, { folder })
    assert.equal(failures(ended), [kind, kind])
  })
}

command('a process that lasts too long is killed with its children', async ({ folder }) => {
  const words = 'sleep 100 & echo $! > child; wait'
  const [ended] = await outcomes({ type: 'command', command: words, timeout: 0.3 }, 1, { folder })
  assert.is(ended?.failed, 'timeout')
  assert.ok(serviceTime(ended as never) < 5_000)
  const child = Number(readFileSync(join(folder, 'child'), 'utf8'))
  await until(() => !isAlive(child))
})

command('children that a process leaves behind end with its request', async ({ folder }) => {
  const words = '(sleep 100 & echo $! > child)'
  assert.equal(failures(await outcomes({ type: 'command', command: words }, 1, { folder })), [undefined])
  const child = Number(readFileSync(join(folder, 'child'), 'utf8'))
  await until(() => !isAlive(child))
})

command('an open request ends when its task is cut short, and none is begun afterwards', async ({ folder }) => {
  writeFileSync(join(folder, 'log'), '')
  const aborts = new AbortController()
  const made = await runner({ type: 'command', command: 'echo $$ >> log; exec sleep 100' })
  const client = await made.open(contextOf({ folder, signal: aborts.signal }))
  const open = client.request()
  await until(() => readFileSync(join(folder, 'log'), 'utf8') !== '')
  aborts.abort()
  assert.is((await open).failed, 'cut short')
  assert.is((await client.request()).failed, 'cut short')
  await client.close()
  await sleep(50)
  assert.is(readFileSync(join(folder, 'log'), 'utf8').trim().split('\n').length, 1)
})

command.run()

function isAlive(pid: number): boolean {
  try {
    // one that nobody has waited for yet has ended, too
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
