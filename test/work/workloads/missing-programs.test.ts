/** What of the programs of workloads is found not to be there before anything starts. */
import { tmpdir } from 'node:os'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { missingPrograms } from '../../../node/work/workloads/missing-programs.ts'

const test = suite('programs of workloads that are not there')
const brought = { name: 'w', commands: [['x', '-v']], env: {} }
const here = { find: async (name: string) => (name === 'x' ? '/bin/x' : undefined), hides: () => undefined }

test('are named, as is a folder that is not there', async () => {
  assert.is(await missingPrograms([brought], here), undefined)
  assert.is(await missingPrograms([{ ...brought, commands: [['y']] }], here), 'workload w: y not found on PATH')
  assert.is(
    await missingPrograms([{ ...brought, directory: '/no/such' }], here),
    'workload w: there is no folder /no/such'
  )
})

test('a directory that programs of others do not find is refused with its reason', async () => {
  const asked: string[][] = []
  const hides = (...words: string[]) => {
    asked.push(words)
    return '/tmp'
  }
  const why = await missingPrograms([{ ...brought, directory: tmpdir() }], { ...here, hides })
  assert.is(
    why,
    `workload w: its directory ${tmpdir()} is in /tmp, in the place of which programs of others have an empty folder here`
  )
  assert.equal(asked, [[tmpdir(), 'x']])
})

test.run()
