/** Whether tools can run here, as a controller asks before a run, and as a member does when it joins. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { explain } from '../../node/agent/allow/allow.ts'
import { refuseLoad } from '../../node/agent/allow/load-rule.ts'
import { checkAssignments, ToolCheck } from '../../node/agent/tool-check.ts'
import { Catalogue } from '../../node/tools/catalogue.ts'
import { findTool } from '../../node/tools/index.ts'
import type { ToolsChecked, WorkloadsAsked } from '../../protocols/check-tools.ts'
import { BakError } from '../../protocols/errors.ts'
import type { Assignment } from '../../protocols/manifest.ts'

type ToolsAsked = { tools: Assignment[]; workloads?: WorkloadsAsked }

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

test('targets that the owner of this machine does not allow are told before a run, as at join', async () => {
  let handler: ((asked: ToolsAsked, exchange: { peer: string }) => AsyncGenerator<ToolsChecked>) | undefined
  const [self, rules] = ['me', { controllers: true, exec: true, tools: true, paths: true, load: ['http://10.0.0.7'] }]
  const serve = (_: unknown, given: never) => {
    handler = given
  }
  const check = new ToolCheck(
    {
      streams: { serve } as never,
      authority: {} as never,
      members: { self: { name: 'a', state: 'alive' } },
      allowance: {
        check: async () => {},
        checkLoad: (_, origins) => {
          const refusal = refuseLoad(rules as never, origins)
          if (refusal != null) throw new BakError('not-allowed', explain(refusal, '/etc/bak.toml'))
        },
        whyAbsent: async () => undefined
      }
    },
    { self, catalogue: {} as never }
  )
  await check.start()
  const asked = async (origins: string[]) => {
    const clients = { commands: [], isStaged: false, origins }
    const workloads = { workload: [], placements: [], iterations: [], clients }
    const answer = await handler?.({ tools: [], workloads }, { peer: self }).next()
    return (answer?.value as ToolsChecked | undefined)?.refused
  }
  assert.is(await asked(['http://10.0.0.7']), undefined)
  assert.match(
    (await asked(['http://10.0.0.7', 'http://127.0.0.1:80'])) ?? '',
    /^allow\.load does not name http:\/\/127\.0\.0\.1:80; it is set in/
  )
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
