import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { groupCommit } from '../../node/store/group-commit.ts'

const test = suite('group commit')

/** Work that ends when the test ends it. */
function controlled() {
  const begun: Array<{ key: string } & PromiseWithResolvers<void>> = []
  const ask = groupCommit(key => {
    const work = { key, ...Promise.withResolvers<void>() }
    begun.push(work)
    return work.promise
  })
  return { begun, ask }
}
const settled = () => new Promise(resolve => setImmediate(resolve))

test('callers that ask while work runs share the next run, and none is served by the run that began before', async () => {
  const { begun, ask } = controlled()
  const served: string[] = []
  const serve = (name: string) => ask('folder').then(() => served.push(name))
  const all = [serve('a'), serve('b'), serve('c')]
  assert.is(begun.length, 1)
  begun[0]?.resolve()
  await settled()
  assert.equal(served, ['a'])
  assert.is(begun.length, 2)
  all.push(serve('d'))
  begun[1]?.resolve()
  await settled()
  assert.equal(served, ['a', 'b', 'c'])
  begun[2]?.resolve()
  await Promise.all(all)
  assert.equal(served, ['a', 'b', 'c', 'd'])
  assert.is(begun.length, 3)
})

test('keys do not wait for each other, and finished work begins at once when asked for again', async () => {
  const { begun, ask } = controlled()
  const both = [ask('x'), ask('y')]
  assert.equal(
    begun.map(({ key }) => key),
    ['x', 'y']
  )
  for (const work of begun) work.resolve()
  await Promise.all(both)
  await settled()
  void ask('x')
  assert.is(begun.length, 3)
})

test('a failure rejects all callers that shared the run, and the next run begins', async () => {
  const { begun, ask } = controlled()
  const first = ask('x').catch(error => error.message)
  const shared = [ask('x'), ask('x')].map(each => each.catch(error => error.message))
  begun[0]?.reject(new Error('full'))
  assert.is(await first, 'full')
  await settled()
  begun[1]?.reject(new Error('still full'))
  assert.equal(await Promise.all(shared), ['still full', 'still full'])
  await settled()
  const again = ask('x')
  begun[2]?.resolve()
  await again
})

test.run()
