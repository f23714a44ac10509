/** What a program leaves in its folder is not followed, whatever it puts there. */
import { existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findTool } from '../../node/tools/index.ts'
import { plainPrograms } from '../../scripts/plain-programs.ts'
import { createWorkspace } from '../helpers/workspace.ts'

const test = suite('the folder of a program')

async function started(line: string, plant: (at: string, folder: string) => void = () => {}) {
  const { folder, supervisor, close } = createWorkspace('run-program')
  const at = join(folder, 'x')
  mkdirSync(at)
  plant(at, folder)
  const options = { command: ['/bin/sh', '-c', line] }
  const { signal } = new AbortController()
  const context = { folder: at, interval: 1, options, programs: plainPrograms(supervisor), signal }
  const starting = findTool('x', options).start(context)
  return { folder, at, starting, close }
}

test('with links in a circle is looked at once: a tool that wrote nothing is named at once', async () => {
  const { starting, close } = await started('ln -s . a; ln -s . b; ln -s / c; exec sleep 60')
  const running = await starting
  await running.ready
  const began = performance.now()
  assert.equal(await running.stop(), ['wrote nothing'])
  assert.ok(performance.now() - began < 2_000)
  await close()
})

test('has no link through which the daemon writes: a file of the owner stays as it is', async () => {
  const { folder, at, starting, close } = await started('sleep 60', (at, folder) => {
    writeFileSync(join(folder, 'profile'), 'of the owner\n')
    symlinkSync('../profile', join(at, 'x.cmd'))
  })
  const running = await starting
  await running.ready
  await running.stop()
  assert.is(readFileSync(join(folder, 'profile'), 'utf8'), 'of the owner\n')
  assert.ok(lstatSync(join(at, 'x.cmd')).isFile())
  await close()
})

test('has no link in the place of its output: the program is not started', async () => {
  for (const name of ['x-stdout.txt', 'x-stderr.txt']) {
    const { folder, starting, close } = await started('echo evil; echo evil >&2', (at, folder) => {
      symlinkSync(join(folder, 'profile'), join(at, name))
    })
    const code = await starting.then(
      () => undefined,
      error => error.code
    )
    assert.is(code, 'io')
    assert.not.ok(existsSync(join(folder, 'profile')))
    await close()
  }
})

test.run()
