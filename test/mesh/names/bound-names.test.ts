/** A name in the owner's rules stays bound to its first peer. */
import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BoundNames } from '../../../node/mesh/names/bound-names.ts'
import { newSigner } from '../../helpers/streams.ts'
import { scratch } from '../../store/scratch.ts'

const test = suite('whom names in the rules mean')

test('a name stays bound to its first peer, also after a restart, in a file for the owner alone', async () => {
  const path = join(scratch(), 'controllers.json')
  const [first, second] = [newSigner().peer, newSigner().peer]
  const names = await BoundNames.open(path)
  assert.is(names.peerOf('cleo'), undefined)
  await names.bind(['cleo'], first)
  await Promise.all([names.bind(['cleo'], second), names.bind(['constructor'], second)])
  const again = await BoundNames.open(path)
  assert.equal(
    [again.peerOf('cleo'), again.peerOf('constructor'), again.peerOf('toString')],
    [first, second, undefined]
  )
  assert.is(statSync(path).mode & 0o777, 0o600)
  assert.equal(JSON.parse(readFileSync(path, 'utf8')), { cleo: first, constructor: second })
})

test('names that are bound at once are all stored', async () => {
  const path = join(scratch(), 'controllers.json')
  const names = await BoundNames.open(path)
  const wanted = Array.from({ length: 20 }, (_, i): [string, string] => [`n${i}`, newSigner().peer])
  await Promise.all(wanted.map(([name, peer]) => names.bind([name], peer)))
  assert.equal(JSON.parse(readFileSync(path, 'utf8')), Object.fromEntries(wanted))
})

test('a name that could not be stored is not bound', async () => {
  const names = await BoundNames.open(join(scratch(), 'gone/controllers.json'))
  const failed = await names.bind(['cleo'], newSigner().peer).then(
    () => undefined,
    error => error.code
  )
  assert.equal([failed, names.peerOf('cleo')], ['io', undefined])
})

test('a damaged file is named, with what to do', async () => {
  const path = join(scratch(), 'controllers.json')
  writeFileSync(path, '{"cleo": "nobody"}', { mode: 0o600 })
  const error = await BoundNames.open(path).catch(cause => cause)
  assert.is(error.code, 'bad-config')
  assert.match(error.message, /controllers\.json is damaged: .*; remove it to bind names anew/)
})

test('a file that others may write is refused, and so is a link', async () => {
  const folder = scratch()
  const path = join(folder, 'controllers.json')
  writeFileSync(path, '{}')
  chmodSync(path, 0o666)
  assert.match((await BoundNames.open(path).catch(cause => cause)).message, /others may read .*: run chmod 600/)
  chmodSync(path, 0o600)
  symlinkSync(path, join(folder, 'link'))
  assert.match((await BoundNames.open(join(folder, 'link')).catch(cause => cause)).message, /is a link/)
})

test.run()
