import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fetchPbench } from '../../../scripts/bench/peers/programs.ts'

const test = suite('the scripts of pbench, for the bench')
const folder = mkdtempSync(join(tmpdir(), 'bak-pbench-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))

/** A tarball as the one from where pbench is developed: one folder above all. */
function tarball(name: string, files: Record<string, string>): string {
  const top = join(folder, name, 'pbench-013bccb')
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(top, path, '..'), { recursive: true })
    if (content.startsWith('->')) symlinkSync(content.slice(2), join(top, path))
    else writeFileSync(join(top, path), content)
  }
  const file = join(folder, `${name}.tar.gz`)
  execFileSync('tar', ['-czf', file, '-C', join(folder, name), 'pbench-013bccb'])
  return file
}

test('its tools and what they use are taken as they are, links too, and nothing else', async () => {
  const from = tarball('whole', {
    'agent/tool-scripts/base-tool': '#!/bin/bash',
    'agent/tool-scripts/vmstat': '->base-tool',
    'agent/tool-scripts/postprocess/samples/x/large.log': 'x',
    'agent/lib/SysStat.pm': 'package SysStat;',
    'dashboard/index.html': 'x'
  })
  const to = join(folder, 'to')
  const said: string[] = []
  await fetchPbench(line => said.push(line), { from, to })
  assert.equal(readdirSync(to), ['agent'])
  assert.is(readlinkSync(join(to, 'agent/tool-scripts/vmstat')), 'base-tool')
  const all = readdirSync(to, { recursive: true }) as string[]
  assert.ok(all.includes('agent/lib/SysStat.pm'))
  assert.not.ok(all.some(path => path.includes('large.log')))
  assert.match(said.join(), /^pbench 013bccbd0a$/)
})

test('a tarball without them, and one that is not there, are named', async () => {
  const from = tarball('empty', { 'README.md': 'x' })
  const failed = (path: string) =>
    fetchPbench(() => {}, { from: path, to: join(folder, 'none') }).then(
      () => 'taken',
      (cause: Error) => cause.message
    )
  assert.match(await failed(from), /empty\.tar\.gz has no scripts/)
  assert.match(await failed(join(folder, 'missing')), /no such file/)
})

test.run()
