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

test('a damaged file is named, with what to do', () => {
  const path = join(scratch(), 'controllers.json')
  writeFileSync(path, '{"cleo": "nobody"}')
  assert.throws(() => NamedControllers.open(path), /controllers\.json is damaged: .*; remove it to bind names anew/)
})

test.run()
