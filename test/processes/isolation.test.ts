/** How programs of others are kept apart: which way a machine has, the command line, and the user. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  hidingFolder,
  type Isolation,
  type IsolationFacts,
  isolationInWords,
  isolationOf,
  wrap
} from '../../node/processes/isolation.ts'
import { runAsOf } from '../../node/processes/run-as.ts'
import { needs, skipWhere } from '../helpers/skip.ts'

const isolation = suite('how programs of others are kept apart')
const runAs = { user: 'bak-run', uid: 998, gid: 997 }
const facts: IsolationFacts = {
  ...{ isRoot: true, mayRunAsOwner: false, network: true, runAs, hidden: ['/home/u'], shown: ['/opt'] },
  setpriv: { path: '/usr/bin/setpriv' },
  unshare: { path: '/usr/bin/unshare' },
  mount: { path: '/usr/bin/mount' },
  bwrap: { path: '/usr/bin/bwrap' }
}
const absent = { why: 'is not on the PATH' }

const ways: Array<[title: string, change: Partial<IsolationFacts>, words: RegExp]> = [
  ['a daemon of root', {}, /run as bak-run \(998\), without privileges, with a \/tmp of their own$/],
  ['a daemon of root that may not mount', { mount: absent }, /run as bak-run \(998\), without privileges$/],
  ['a daemon of root without the network', { network: false }, /with a \/tmp of their own, without the network$/],
  [
    'a daemon of root without setpriv',
    { setpriv: absent },
    /do not run here: setpriv of util-linux is not on the PATH/
  ],
  [
    'a daemon of root without setpriv, whatever its owner says',
    { setpriv: absent, mayRunAsOwner: true },
    /do not run here/
  ],
  [
    'a daemon of root without the network and unshare',
    { network: false, unshare: absent },
    /do not run here: .*unshare/
  ],
  ['a user', { isRoot: false }, /run under bubblewrap$/],
  [
    'a user, though the owner says they may run as the user',
    { isRoot: false, mayRunAsOwner: true },
    /under bubblewrap$/
  ],
  ['a user without the network', { isRoot: false, network: false }, /under bubblewrap, without the network$/],
  [
    'a user without bubblewrap',
    { isRoot: false, bwrap: absent },
    /do not run here: bubblewrap \(bwrap\) is not on the PATH/
  ],
  [
    'a user without bubblewrap who says so',
    { isRoot: false, bwrap: absent, mayRunAsOwner: true },
    /as the user of this daemon: --allow-workloads/
  ]
]
for (const [title, change, words] of ways) {
  isolation(`${title}: ${words.source.replaceAll('\\', '')}`, () => {
    assert.match(isolationInWords(isolationOf({ ...facts, ...change })), words)
  })
}

const argv = ['sleep', '1']
const start = { argv, folder: '/w/f', rlimits: {}, enter: [] }

isolation('a program that enters namespaces makes none, and begins in its folder', () => {
  const entering = ['nsenter', '--target', '7', '--']
  const words = wrap({ ...start, isolation: isolationOf(facts) as Isolation, entering })
  const from = words.indexOf('nsenter')
  assert.equal(words.slice(from, from + 5), [...entering, '/usr/bin/setpriv'])
  assert.not(words.includes('/usr/bin/unshare'))
  assert.equal(words.slice(-4 - argv.length), ['/bin/sh', '-c', 'cd "$0" && exec "$@"', '/w/f', ...argv])
})

isolation('setpriv drops groups, capabilities and the way to new ones; limits and the cgroup come before it', () => {
  const user = isolationOf({ ...facts, mount: absent }) as Isolation
  const words = wrap({
    ...start,
    isolation: user,
    rlimits: { nofile: 64, fsize: 1000 },
    enter: ["/sys/fs/cgroup/it's/cgroup.procs"]
  })
  assert.equal(words.slice(-2), argv)
  assert.match(
    words.join(' '),
    /bak-start \/usr\/bin\/setpriv --reuid 998 --regid 997 --clear-groups --no-new-privs --inh-caps=-all --ambient-caps=-all --bounding-set=-all -- \/bin\/sh -c exec "\$@" bak-start sleep 1$/
  )
  assert.equal((words[2] as string).split('\n'), [
    `echo $$ > '/sys/fs/cgroup/it'\\''s/cgroup.procs' || exit 126`,
    'umask 077',
    'ulimit -c 0 2>/dev/null',
    'echo 1000 2>/dev/null >/proc/self/oom_score_adj',
    'ulimit -n 64 2>/dev/null',
    'ulimit -f 2 2>/dev/null',
    'exec "$@"'
  ])
  const alone = wrap({ ...start, isolation: isolationOf({ ...facts, mount: absent, network: false }) as Isolation })
  assert.match(alone.join(' '), /bak-start \/usr\/bin\/unshare --net -- \/usr\/bin\/setpriv/)
})

const asRoot = skipWhere(process.getuid?.() === 0 ? needs('setpriv') : 'as root only', isolation)

asRoot(
  'a program is found and started with the rights of its user: one that root alone may reach is passed over',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'bak-isolation-'))
    try {
      const closed = join(folder, 'closed')
      mkdirSync(closed, { mode: 0o700 })
      copyFileSync('/usr/bin/id', join(closed, 'id'))
      copyFileSync('/usr/bin/id', join(closed, 'other'))
      const user = isolationOf({ ...facts, runAs: runAsOf('65534', ''), mount: absent, unshare: absent }) as Isolation
      const runs = (name: string) => {
        const [program = '', ...words] = wrap({ ...start, argv: [name, '-u'], isolation: user })
        const { status, stdout } = spawnSync(program, words, { encoding: 'utf8', env: { PATH: `${closed}:/usr/bin` } })
        return [status, stdout]
      }
      assert.equal(runs('id'), [0, '65534\n'])
      assert.equal(runs('other'), [126, ''])
      assert.equal(runs(join(closed, 'other')), [126, ''])
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
)

const user = isolationOf(facts)
const sandbox = isolationOf({ ...facts, isRoot: false, hidden: ['/home/u', '/run', '/tmp'], shown: ['/run/resolv'] })
const hidings: Array<
  [title: string, how: Parameters<typeof hidingFolder>[0], path: string, named: string[], hiding?: string]
> = [
  ['of another user', user, '/tmp/data', ['/bin/x'], '/tmp'],
  ['of another user', user, '/srv/data', ['/bin/x']],
  ['of another user, that folder itself', user, '/tmp', ['/bin/x']],
  ['of another user whose program is there', user, '/tmp/data', ['/tmp/../tmp/x']],
  ['of another user that works there', user, '/tmp/data', ['/tmp/bak-run', 'x']],
  ['of another user where the owner shows it', isolationOf({ ...facts, shown: ['/tmp/a'] }), '/tmp/data', ['x']],
  ['of another user without namespaces', isolationOf({ ...facts, mount: absent }), '/tmp/data', ['x']],
  ['in a sandbox', sandbox, '/tmp/data', ['x'], '/tmp'],
  ['in a sandbox', sandbox, '/home/u/x', ['x'], '/home/u'],
  ['in a sandbox', sandbox, '/tmpfoo/data', ['x']],
  ['in a sandbox, what is shown of what is hidden', sandbox, '/run/resolv/conf', ['x']],
  ['of the owner', { how: 'owner', limit: true }, '/tmp/data', ['x']]
]
for (const [title, how, path, named, hiding] of hidings) {
  isolation(
    `a program ${title}, ${named.join(', ')}, finds ${path}: ${hiding == null ? 'yes' : `not in ${hiding}`}`,
    () => {
      assert.is(hidingFolder(how, path, named), hiding)
    }
  )
}

isolation('folders in which anybody may write are its own, but for what the owner or the program names in them', () => {
  const folders = (argv: string[], shown: string[]) => {
    const user = isolationOf({ ...facts, shown }) as Isolation
    const words = wrap({ ...start, argv, isolation: user, rlimits: { tmpfs: 1e6 } })
    assert.equal(words.slice(-argv.length), argv)
    return [...words.join(' ').matchAll(/-t tmpfs -o mode=1777,size=1000000 bak (\S+) \|\| exit 126/g)].map(
      ([, path]) => path
    )
  }
  assert.equal(folders(argv, []), ['/tmp', '/var/tmp', '/dev/shm'])
  assert.equal(folders(argv, ['/tmp/bench', '/data']), ['/var/tmp', '/dev/shm'])
  assert.equal(folders(['/var/tmp/x/../bench', '/tmp/y'], []), ['/tmp', '/dev/shm'])
  assert.equal(folders(['/tmp/../bin/sh'], []), ['/tmp', '/var/tmp', '/dev/shm'])
})

isolation(
  'all that is mounted is read-only, but for the working folders, what the owner shows and folders in memory',
  () => {
    const lines = (shown: string[]) => {
      const user = isolationOf({ ...facts, shown }) as Isolation
      const mounts = ['/', '/tmp/x', '/data', '/data/more', "/it's"].map(point => ({ point, flags: ['nosuid'] }))
      const words = wrap({ ...start, writable: ['/w/t'], isolation: user, mounts })
      const script = words[words.indexOf('bak-spaces') - 1] as string
      return script.split('\n').map(line => line.replaceAll("'/usr/bin/mount'", 'mount').replace(' || exit 126', ''))
    }
    assert.equal(lines([]).slice(0, 6), [
      "mount --bind '/w/f' '/w/f'",
      "mount --bind '/w/t' '/w/t'",
      ...["'/'", "'/data'", "'/data/more'", "'/it'\\''s'"].map(point => `mount -o remount,bind,ro,nosuid ${point}`)
    ])
    assert.equal(lines([]).slice(-2), ["cd '/w/f'", 'exec "$@"'])
    const shown = lines(['/data', '/tmp/x'])
    assert.equal(
      shown.filter(line => line.includes('remount')),
      ["'/'", "'/it'\\''s'"].map(point => `mount -o remount,bind,ro,nosuid ${point}`)
    )
    assert.equal(
      shown.filter(line => line.includes('--rbind')).map(line => line.split(' ').at(-1)),
      ["'/tmp'", "'/data'", "'/tmp/x'"]
    )
    assert.equal(
      lines(['/']).filter(line => line.includes('remount') || line.includes('--rbind')),
      []
    )
  }
)

isolation('what is hidden in a folder that the owner shows stays hidden', () => {
  const box = isolationOf({
    ...facts,
    isRoot: false,
    hidden: ['/home/u', '/home/u/.bak', '/tmp'],
    shown: ['/', '/home/u', '/tmp/x']
  })
  assert.match(
    wrap({ ...start, isolation: box as Isolation }).join(' '),
    / --ro-bind-try \/ \/ --tmpfs \/tmp --ro-bind-try \/tmp\/x \/tmp\/x --ro-bind-try \/home\/u \/home\/u --tmpfs \/home\/u\/.bak --bind /
  )
})

isolation('a sandbox shows what is hidden only where the owner or the program says so, and the folder last', () => {
  const box = isolationOf({ ...facts, isRoot: false, network: false }) as Isolation
  const words = wrap({ ...start, isolation: box }).join(' ')
  assert.match(
    words,
    /--unshare-pid .*--unshare-net --cap-drop ALL --ro-bind \/ \/ .*--ro-bind-try \/opt \/opt --tmpfs \/home\/u --bind \/w\/f \/w\/f --chdir \/w\/f -- sleep 1$/
  )
  const own = wrap({ ...start, argv: ['/home/u/bench', 'x'], isolation: box }).join(' ')
  assert.match(
    own,
    /--ro-bind-try \/opt \/opt --tmpfs \/home\/u --ro-bind-try \/home\/u\/bench \/home\/u\/bench --bind/
  )
})

isolation('what runs as the daemon is not changed, but for its cgroup', () => {
  const owner = { how: 'owner', limit: false } as const
  assert.equal(wrap({ ...start, isolation: owner, rlimits: { nofile: 64 } }), argv)
  assert.is(wrap({ ...start, isolation: owner, enter: ['/c/p'] })[2], 'echo $$ > \'/c/p\' || exit 126\nexec "$@"')
})

isolation('a program that cannot enter its cgroup does not run', () => {
  const [program = '', ...words] = wrap({
    ...start,
    argv: ['echo', 'ran'],
    isolation: { how: 'owner', limit: false },
    // a folder that is there, and in which nobody can write
    enter: ['/proc/x']
  })
  const { status, stdout } = spawnSync(program, words, { encoding: 'utf8' })
  assert.equal([status, stdout], [126, ''])
})
isolation.run()

const users = suite('the user that programs of others run as')
const passwd =
  'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\nbench:x:1001:100::/:/bin/sh\ntoor:x:0:1::/:/bin/sh\nops:x:5:0::/:/bin/sh\n'
const named: Array<[wanted: string | undefined, passwd: string, found: string | RegExp]> = [
  [undefined, `${passwd}bak-run:x:998:997::/:/bin/false\n`, 'bak-run 998 997'],
  [undefined, passwd, 'nobody 65534 65534'],
  [undefined, '', 'nobody 65534 65534'],
  ['bench', passwd, 'bench 1001 100'],
  ['1001', passwd, '1001 1001 1001'],
  ['1001:50', '', '1001:50 1001 50'],
  ['gone', passwd, /there is no user gone in \/etc\/passwd/],
  ['root', passwd, /root is root, or of root's group/],
  ['toor', passwd, /never run as root/],
  ['ops', passwd, /never run as root/],
  ['0', passwd, /never run as root/],
  ['1001:0', passwd, /never run as root/]
]
for (const [wanted, text, found] of named) {
  users(`${wanted ?? 'the default'} of ${text.length} bytes of passwd is ${found}`, () => {
    const given = () => {
      const { user, uid, gid } = runAsOf(wanted, text)
      return `${user} ${uid} ${gid}`
    }
    if (typeof found === 'string') assert.is(given(), found)
    else assert.throws(given, found)
  })
}
users.run()
