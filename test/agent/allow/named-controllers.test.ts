/** A name of a controller stays bound to its first peer. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { NamedControllers } from '../../../node/agent/allow/named-controllers.ts'
import { newSigner } from '../../helpers/streams.ts'
import { scratch } from '../../store/scratch.ts'

const test = suite('whom the names of controllers mean')

test('a name stays bound to its first peer, also after a restart, in a file for the owner alone', async () => {
  const path = join(scratch(), 'controllers.json')
  const [first, second] = [newSigner().peer, newSigner().peer]
  const names = NamedControllers.open(path)
  assert.is(names.peerOf('cleo'), undefined)
  await names.bind('cleo', first)
  await names.bind('cleo', second)
  await names.bind('constructor', second)
  const again = NamedControllers.open(path)
  assert.equal(
    [again.peerOf('cleo'), again.peerOf('constructor'), again.peerOf('toString')],
    [first, second, undefined]
  )
  assert.is(statSync(path).mode & 0o777, 0o600)
  assert.equal(JSON.parse(readFileSync(path, 'utf8')), { cleo: first, constructor: second })
})

test('names that are bound at once are all stored', async () => {
  const path = join(scratch(), 'controllers.json')
  const names = NamedControllers.open(path)
  const wanted = Array.from({ length: 20 }, (_, i): [string, string] => [`n${i}`, newSigner().peer])
  await Promise.all(wanted.map(([name, peer]) => names.bind(name, peer)))
  assert.equal(JSON.parse(readFileSync(path, 'utf8')), Object.fromEntries(wanted))
})

test('a name that could not be stored is not bound', async () => {
  const names = NamedControllers.open(join(scratch(), 'gone/controllers.json'))
  const failed = await names.bind('cleo', newSigner().peer).then(
    () => undefined,
    error => error.code
  )
  assert.equal([failed, names.peerOf('cleo')], ['io', undefined])
})

test('a damaged file is named, with what to do', () => {
  const path = join(scratch(), 'controllers.json')
  writeFileSync(path, '{"cleo": "nobody"}')
  assert.throws(() => NamedControllers.open(path), /controllers\.json is damaged: .*; remove it to bind names anew/)
})

test.run()
