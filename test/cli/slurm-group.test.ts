/** Nodes of an allocation of Slurm as a group of the run, by the forms in which Slurm lists them. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { expandNodes, slurmGroups } from '../../cli/slurm-group.ts'
import { readRunFile } from '../../protocols/run-file.ts'

const test = suite('nodes of an allocation of Slurm')

const lists: Array<[list: string, nodes: string[]]> = [
  ['login', ['login']],
  ['n1,n2', ['n1', 'n2']],
  ['n[1-3,7]', ['n1', 'n2', 'n3', 'n7']],
  ['n[08-10],gpu1', ['n08', 'n09', 'n10', 'gpu1']],
  ['r[1-2]n[1-2]', ['r1n1', 'r1n2', 'r2n1', 'r2n2']],
  ['n[1-2]-ib0', ['n1-ib0', 'n2-ib0']]
]
for (const [list, nodes] of lists) test(`${list} is ${nodes.join(' ')}`, () => assert.equal(expandNodes(list), nodes))

for (const list of ['n[1-', 'n]1', 'n[a-b]', 'n[3-1]', 'n[]', ',n1', 'n1,,n2', 'n[0-99999999999]'])
  test(`${list} is refused`, () => assert.throws(() => expandNodes(list), /SLURM_JOB_NODELIST/))

test('they are a group of the run, unless the file has one of that name or there is no allocation', () => {
  const slurm = slurmGroups({ SLURM_JOB_NODELIST: 'n[1-2]' })
  const namesIn = (text: string) => readRunFile(text, 'f.toml', slurm).groups?.map(({ name, on }) => [name, on])
  assert.equal(namesIn('[[groups]]\nname = "db"\non = "role=db"\n'), [
    ['db', 'role=db'],
    ['slurm', 'n1,n2']
  ])
  assert.equal(namesIn('[[groups]]\nname = "slurm"\non = "n9"\n'), [['slurm', 'n9']])
  assert.equal(slurmGroups({}), [])
  assert.equal(slurmGroups({ SLURM_JOB_NODELIST: 'a-long-name-of-a-node[1-2000]' }), [], 'longer than a selector')
})

test('a workload runs on them by the name of the group', () => {
  const text = '[[workload]]\nname = "w"\ncommand = "true"\ngroup = "slurm"\n'
  assert.throws(() => readRunFile(text, 'f.toml'), /slurm/)
  const { groups } = readRunFile(text, 'f.toml', slurmGroups({ SLURM_JOB_NODELIST: 'n[1-2]' }))
  assert.is(groups?.[0]?.on, 'n1,n2')
})

test.run()
