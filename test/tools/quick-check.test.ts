/** A daemon that starts asks for each tool: no program is run for it, as there may be many daemons, and programs that take long. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { listTools } from '../../node/tools/index.ts'
import { createWorkspace, type Workspace } from '../helpers/workspace.ts'

const quick = suite<Workspace>('tools when a daemon starts')
const { PATH } = process.env

quick.before.each(context => {
  Object.assign(context, createWorkspace('quick'))
})
quick.after.each(async ({ close }) => {
  process.env.PATH = PATH
  await close()
})

// those of sysstat and procps print their versions, in a few ms
const asked = listTools().filter(({ name }) => !['vmstat', 'iostat', 'mpstat', 'pidstat', 'sar'].includes(name))
// pmcd of pcp is not on the PATH
const packaged = asked.filter(
  ({ name, needs: { program, debian, fedora } }) => name !== 'pcp' && program != null && (debian ?? fedora) != null
)

quick('no program is run', async ({ folder }) => {
  const ran = join(folder, 'ran')
  mkdirSync(join(folder, 'bin'))
  const programs = [...asked.map(({ needs: { program } }) => program), 'unshare', 'mount', 'java']
  for (const name of programs.filter(each => each != null)) {
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\necho "${name} $*" >> ${ran}\n`)
    chmodSync(join(folder, 'bin', name), 0o755)
  }
  process.env.PATH = `${join(folder, 'bin')}:${PATH}`
  for (const tool of asked) await tool.check({}, { isQuick: true })
  assert.is(existsSync(ran) ? readFileSync(ran, 'utf8') : '', '')
})

quick('a tool whose program is missing names the packages that have it', async () => {
  process.env.PATH = '/nowhere'
  for (const tool of packaged) {
    const { usable, reason } = await tool.check({}, { isQuick: true })
    assert.not(usable, tool.name)
    assert.match(reason as string, new RegExp(`^${tool.name}: .*not found on PATH; install the package [\\w.-]+`))
  }
})

quick.run()
