import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createBlock } from '../../cli/block.ts'
import type { Begun } from '../../protocols/control.ts'
import { BakError } from '../../protocols/errors.ts'
import type { EventBody, RunEvent } from '../../protocols/events.ts'
import { needs, skipWhere } from '../helpers/skip.ts'
import { created, ended, type Fake, fails, RUN, rosterOf, startFake, timed, yields } from './fake.ts'

const screen = suite('screen')
const BAK = fileURLToPath(new URL('../../bin/bak', import.meta.url))
const onTerminal = skipWhere(needs('script'), screen)
let fake: Fake | undefined

screen.after.each(async () => {
  await fake?.stop()
  fake = undefined
})

/** @returns all that a program writes to a terminal of its own */
async function watch(...words: string[]): Promise<string> {
  const line = [BAK, '--home', fake?.home, ...words].join(' ')
  const env = { ...process.env, TERM: 'xterm', CI: '', NO_COLOR: '1' }
  const child = spawn('script', ['-qfc', line, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', data => {
    text += data
  })
  await once(child, 'close')
  return text
}

screen('lines above the block and the block itself appear in one step', () => {
  const written: string[] = []
  const stream = { isTTY: true, columns: 80, rows: 24, write: (text: string) => written.push(text) }
  const block = createBlock(stream as unknown as NodeJS.WriteStream)
  block.draw('one')
  block.draw('one\ntwo', 'printed\n')
  assert.is(written.length, 2)
  for (const text of written) assert.match(text, /^\u001b\[\?2026h[\s\S]*\u001b\[\?2026l$/)
  assert.match(written[1] as string, /\u001b\[2K[\s\S]*printed\none\ntwo\n/)
})

onTerminal('a run ends with its block and the last line below all that it printed', async () => {
  const output = { type: 'output' as const, stream: 'stdout' as const, text: 'first\nno end' }
  const run = yields<Begun | RunEvent>(
    { run: RUN, existed: false, absent: [] },
    ...timed({ ...created, steps: 1 } as EventBody, rosterOf('a'), output, ended())
  )
  fake = await startFake({ run })
  const lines = (await watch('run', '--', 'x')).replace(/\u001b\[[?\d;]*[A-Za-z]/g, '').split('\r\n')
  const at = (text: string) => lines.findIndex(line => line.startsWith(text))
  assert.is(at('first'), at('no end') - 1, lines.join('|'))
  assert.ok(lines.lastIndexOf(`run ${RUN}: ok in 1.2 s`) > at('no end'))
  assert.is(lines.at(-1), '')
})

onTerminal('a run that is refused leaves one line and no block', async () => {
  fake = await startFake({ run: fails(new BakError('busy', 'this peer takes no new runs')) })
  const said = (await watch('run', '--', 'x')).replace(/\u001b\[[?\d;]*[A-Za-z]/g, '')
  assert.is(said, 'bak: this peer takes no new runs\r\n')
})

screen.run()
