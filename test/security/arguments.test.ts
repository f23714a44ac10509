/** Programs that are allowed, with arguments that lead elsewhere: real daemons. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { useTestnet } from '../helpers/mesh.ts'
import { runOwnTool } from '../helpers/own-tool.ts'

const words = suite('the words of an allowed program')
const flags: Record<string, string[]> = {
  a: [
    '--allow-exec',
    'sar,sleep,pidstat,touch,nice',
    '--allow-exec',
    'flock x sleep *',
    '--allow-paths',
    '/opt/bak-allowed'
  ]
}
const net = useTestnet(words, { peers: ['a', 'c'], args: name => flags[name] ?? [] })
const outside = () => join(net().folder, 'outside')

const refused: Array<[title: string, command: () => string[], more: () => string, why: RegExp]> = [
  [
    'a line for the shell',
    () => ['/bin/sh', '-c', `sar -o ${outside()} 1`],
    () => '',
    /allow\.paths has no folder with \/\S*outside/
  ],
  [
    'a line with two programs',
    () => ['/bin/sh', '-c', 'sleep 1; id'],
    () => '',
    /allow\.exec (does not name|names) \/bin\/sh/
  ],
  [
    'a path in its options',
    () => ['sar'],
    () => `options = ["-o", "${outside()}", "1"]`,
    /allow\.paths has no folder with \/\S*outside/
  ],
  ['a path that is written behind a letter', () => ['sar', `-o${outside()}`], () => '', /allow\.paths has no folder/],
  [
    'a path behind =',
    () => ['touch', `--reference=/etc/passwd`],
    () => '',
    /allow\.paths has no folder with \/etc\/passwd/
  ],
  ['a way up', () => ['touch', '../../outside'], () => '', /allow\.paths has no folder with \.\.\/\.\.\/outside/],
  [
    'a program that it runs',
    () => ['pidstat', '-e', '/bin/sh', '-c', 'id'],
    () => '',
    /allow\.exec names pidstat, which runs other programs/
  ],
  ['a program behind nice', () => ['nice', '-n', '5', 'id'], () => '', /allow\.exec does not name id/]
]
for (const [title, command, options, why] of refused) {
  words(`${title} is refused at join, and nothing was written`, async () => {
    const ran = await runOwnTool(net(), { controller: 'c', member: 'a', command: command(), options: options() })
    assert.match(ran.stderr, why)
    assert.match(ran.stderr, /excluded=a phase=join not-allowed/)
    assert.not.ok(existsSync(outside()))
  })
}

words('words that an entry has are let in, and a program behind nice that is named', async () => {
  for (const command of [
    ['flock', 'x', 'sleep', '60'],
    ['nice', '-n', '5', 'sleep', '60']
  ]) {
    const ran = await runOwnTool(net(), { controller: 'c', member: 'a', command })
    assert.not.match(ran.stderr, /excluded/)
    assert.is(ran.status, 0, ran.stderr)
  }
})

words.run()
