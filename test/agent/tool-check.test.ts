/** Whether tools can run here, as a controller asks before a run, and as a member does when it joins. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkAssignments } from '../../node/agent/tool-check.ts'
import { Catalogue } from '../../node/tools/catalogue.ts'
import { findTool } from '../../node/tools/index.ts'

const test = suite('a check of many tools')

test('tries few of them at once, whoever asks, and answers for all in their order', async () => {
  let [now, most] = [0, 0]
  const catalogue = {
    async check(tool: string) {
      most = Math.max(most, ++now)
      await sleep(2)
      now--
      if (tool === 't7') throw new Error('it cannot be tried')
      return { tool, usable: true }
    },
    find: async () => findTool('proc', {})
  }
  const named = Array.from({ length: 128 }, (_, i) => ({ group: 'g', tool: `t${i}`, options: {} }))
  const both = await Promise.all([checkAssignments(named, catalogue), checkAssignments(named, catalogue)])
  for (const checked of both) {
    assert.equal(
      checked.map(({ tool }) => tool),
      named.map(({ tool }) => tool)
    )
    assert.equal(
      checked.filter(({ usable }) => !usable).map(({ tool }) => tool),
      ['t7']
    )
  }
  assert.ok(most > 1 && most <= 8, `${most} at once`)
})

test('says which options mean nothing to a tool that can run', async () => {
  const options = { interval: 1, command: ['sh', '-c', 'exec sleep 9'] }
  const named = ['gauge', 'mine'].map(tool => ({
    group: 'g',
    tool,
    options: tool === 'mine' ? options : { interval: 1 }
  }))
  const checked = await checkAssignments(named, new Catalogue(join(tmpdir(), 'no-tools.d')))
  assert.equal(
    checked.map(({ usable, reason }) => [usable, reason]),
    ['gauge', 'mine'].map(tool => [true, `${tool}: its interval is ignored: it takes no samples at one`])
  )
})

test.run()
