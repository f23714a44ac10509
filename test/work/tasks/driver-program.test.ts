/** What the driver needs is put where the user that it runs as can read it. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { driverProgram, putDriver } from '../../../node/work/tasks/driver-program.ts'
import { needs, skipWhere } from '../../helpers/skip.ts'

const NOBODY = { uid: 65_534, gid: 65_534 }
const notRoot = process.getuid?.() === 0 ? undefined : 'only root starts programs as another user'

const program = suite('the program of the driver')
let folder = ''

program.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'bak-program-'))
  chmodSync(folder, 0o755)
})
program.after.each(() => rmSync(folder, { recursive: true }))

program('it is one file, which this runtime runs', async () => {
  const { argv, file } = await driverProgram()
  assert.equal(argv, [process.execPath, file.name])
  assert.equal(await putDriver({ cwd: folder }), argv)
  assert.is(readFileSync(join(folder, file.name), 'utf8'), file.text)
})

skipWhere(notRoot ?? needs('setpriv'), program)(
  'another user gets a runtime that it cannot reach, and no copy of one that it can',
  async () => {
    const hidden = join(folder, 'hidden')
    mkdirSync(hidden, { mode: 0o700 })
    writeFileSync(join(hidden, 'runtime'), '#!/bin/sh\necho "runs $1"\n', { mode: 0o755 })
    const cwd = join(folder, 'work')
    mkdirSync(cwd)
    const argv = await putDriver({ cwd, owner: NOBODY }, join(hidden, 'runtime'))
    assert.ok(argv[0]?.startsWith(`${cwd}/`))
    const words = ['--reuid', '65534', '--regid', '65534', '--clear-groups', ...argv]
    assert.match(execFileSync('setpriv', words, { cwd, encoding: 'utf8' }), /^runs \.bak-load\.mjs\n$/)
    assert.is(statSync(join(cwd, '.bak-load.mjs')).uid, NOBODY.uid)
    assert.is((await putDriver({ cwd, owner: NOBODY }, '/bin/sh'))[0], '/bin/sh')
  }
)

program.run()
