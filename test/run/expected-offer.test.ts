import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { refusalOfOffer } from '../../node/run/expected-offer.ts'
import type { RosterEntry } from '../../protocols/manifest.ts'
import { PERSISTENT_TOOLS } from '../../protocols/tarball-names.ts'
import { controller, manifest, specOf } from '../protocols/samples.ts'

const test = suite('which tarballs a run expects')

const run = { spec: specOf(), controller: { peer: controller.peer, name: 'node-c' } }
const entry = {
  ...(manifest.roster[0] as RosterEntry),
  name: 'node-b',
  tools: [{ group: 'db', tool: 'pcp', options: {} }]
}
const offer = (path: string, { kind = 'tools', what = PERSISTENT_TOOLS as string } = {}) => ({
  ...{ kind: kind as 'tools', what },
  allow: [path]
})

test('of persistent tools those of a group that the roster gives the member', () => {
  assert.is(refusalOfOffer(offer('tools-db/node-b'), entry, run), undefined)
  assert.is(refusalOfOffer(offer('tools-web/node-b'), entry, run), 'the run has no folder tools-web/node-b')
})

test('kind and name are those of the folders', () => {
  const refused = (change: Parameters<typeof offer>[1], path = 'tools-db/node-b') =>
    refusalOfOffer(offer(path, change), entry, run)
  assert.match(refused({ kind: 'sample' }) ?? '', /^a tarball of sample named persistent tools may not fill/)
  assert.match(
    refused({ what: '1-default/sample1' }) ?? '',
    /^a tarball of tools named 1-default\/sample1 may not fill/
  )
  assert.match(refused({}, '1-default/sample1/tools-db/node-b') ?? '', /^a tarball of tools named persistent tools/)
})

test('nothing of who did not join', () => {
  assert.is(refusalOfOffer(offer('tools-db/node-b'), undefined, run), 'its sender did not join the run')
})

test.run()
