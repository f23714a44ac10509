/** The command line of a program in an image. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type ContainerStart, containerWords, type Podman, settingsOf } from '../../node/processes/container-words.ts'

const test = suite('words of a container')
const podman: Podman = {
  ...{ podman: '/usr/bin/podman', unshare: '/usr/bin/unshare', isRootless: false, sharesCgroup: false },
  ...{ images: '/var/lib/containers/storage', driver: 'overlay', runtime: '/usr/sbin/runc' }
}
const start: ContainerStart = {
  ...{ image: 'c0ffee', argv: ['/w/script', '-x'], cwd: '/w', writable: ['/out', '/w'], readOnly: ['/w/inputs'] },
  ...{ tmp: '/t', env: { A: 'a=b c' }, user: { uid: 65_534, gid: 65_533 }, isOwn: false, network: false },
  ...{ limits: { memory: 1000, pids: 7, cpu: 1.5 }, folder: '/home/containers/1', runtime: '/run/bak/1' }
}

/** @returns the values of an option */
const valuesOf = (words: string[], option: string) =>
  words.flatMap((word, at) => (word === option ? [words[at + 1]] : []))

test('podman runs in a namespace of processes that ends with it, with storage of its own', () => {
  const words = containerWords(podman, start)
  assert.equal(words.slice(0, 6), [
    '/usr/bin/unshare',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    '/usr/bin/podman'
  ])
  assert.equal(valuesOf(words, '--root'), ['/home/containers/1/root'])
  assert.equal(valuesOf(words, '--runroot'), ['/run/bak/1/run'])
  assert.equal(valuesOf(words, '--storage-opt'), ['overlay.imagestore=/var/lib/containers/storage'])
  assert.match(settingsOf('/run/bak/1'), /lock_type = "file"\ntmp_dir = "\/run\/bak\/1\/tmp"/)
})

test('the program is what it runs, without an entry point of the image, and nothing is fetched', () => {
  const words = containerWords(podman, start)
  assert.equal(words.slice(-4), ['--entrypoint', '["/w/script"]', 'c0ffee', '-x'])
  assert.equal(valuesOf(words, '--pull'), ['never'])
  assert.equal(valuesOf(words, '--env'), ['A=a=b c'])
})

test('its folders are where they are outside, inputs above them read-only, and each once', () => {
  assert.equal(valuesOf(containerWords(podman, start), '--mount'), [
    'type=bind,src=/t,dst=/tmp',
    'type=bind,src=/w,dst=/w',
    'type=bind,src=/out,dst=/out',
    'type=bind,src=/w/inputs,dst=/w/inputs,ro=true'
  ])
  const odd = containerWords(podman, { ...start, cwd: '/a,"b:c', writable: [], readOnly: [] })
  assert.is(valuesOf(odd, '--mount')[1], 'type=bind,"src=/a,""b:c","dst=/a,""b:c"')
})

const cases: Array<[string, Partial<Podman>, Partial<ContainerStart>, string[], string[]]> = [
  [
    'one of others has no privileges',
    {},
    {},
    ['--cap-drop', 'no-new-privileges', '65534:65533', 'none'],
    ['keep-id', 'host-net']
  ],
  [
    'one of the owner keeps those of podman',
    {},
    { isOwn: true, network: true },
    ['65534:65533'],
    ['--cap-drop', 'no-new-privileges', 'none']
  ],
  [
    'without root it is the same user',
    { isRootless: true },
    {},
    ['keep-id', '--cap-drop'],
    ['--memory', '--pids-limit']
  ],
  [
    'without a cgroup of its own it has the limits of its run',
    { sharesCgroup: true },
    {},
    ['--cgroups'],
    ['--memory', '--pids-limit', '--cpus']
  ],
  ['else they are its own', {}, {}, ['--memory', '1000b', '--pids-limit', '7', '--cpus', '1.5'], ['--cgroups']],
  ['without a limit podman sets none', {}, { limits: {} }, ['--pids-limit', '-1'], ['--memory', '--cpus']]
]
for (const [what, tools, change, has, lacks] of cases)
  test(what, () => {
    const words = containerWords({ ...podman, ...tools }, { ...start, ...change })
    const networks = valuesOf(words, '--network').map(each => (each === 'host' ? 'host-net' : each))
    const all = [
      ...words.filter((_, at) => words[at - 1] !== '--network' && words[at - 1] !== '--log-driver'),
      ...networks
    ]
    for (const each of has) assert.ok(all.includes(each), each)
    for (const each of lacks) assert.not.ok(all.includes(each), each)
  })

test('without root podman enters its namespace of users first', () => {
  const words = containerWords({ ...podman, isRootless: true }, start)
  assert.equal(words.slice(0, 4), ['/usr/bin/podman', 'unshare', '/usr/bin/unshare', '--pid'])
})

test.run()
