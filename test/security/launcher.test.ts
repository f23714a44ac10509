/** The launcher runs no program that another user could have put beside the package. */
import { spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BAK } from '../../testnets/programs.ts'
import { type Finished, finished } from '../helpers/mesh.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('the launcher')

/** Starts a copy of the launcher without packages of its own. @param place of the package below a new folder */
async function launch(place: string, planted: string): Promise<Finished> {
  const folder = scratch()
  const bin = join(folder, place, 'bin')
  cpSync(dirname(BAK), bin, { recursive: true })
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64'
  const node = join(folder, planted, `node-linux-${arch}/bin/node`)
  mkdirSync(dirname(node), { recursive: true })
  writeFileSync(node, '#!/bin/sh\necho "planted $*"\n')
  chmodSync(node, 0o755)
  const { BAK_DIST, ...env } = process.env
  return finished(spawn(join(bin, 'bak'), ['--version'], { env, stdio: ['ignore', 'pipe', 'pipe'] }))
}

test('takes no runtime from the folder beside a clone', async () => {
  const { stdout } = await launch('clone', '.')
  assert.not.match(stdout, 'planted')
})

test('takes the runtime where npm puts it beside the installed package', async () => {
  const { stdout } = await launch('node_modules/bench-army-knife', 'node_modules')
  assert.match(stdout, /^planted .*--version/)
})

test.run()
