/** What is mounted on a machine, and where a user could write in it. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { mountsOf, writableMounts } from '../../node/processes/mounts.ts'

const mounts = suite('mounts in which a user could write')

const line = (point: string, type: string, flags = 'rw,relatime', options = 'rw') =>
  `22 27 0:21 / ${point} ${flags} shared:1 - ${type} none ${options}`
const of = (lines: string[], closed: string[] = []) =>
  writableMounts(mountsOf(lines.join('\n')), folder => {
    assert.not.match(folder, /^\/far/, 'what a server has is not looked at')
    return !closed.includes(folder)
  })
const points = (lines: string[], closed?: string[]) => of(lines, closed).map(({ point }) => point)

mounts('a mount keeps its flags when it is made read-only', () => {
  assert.equal(of([line('/run', 'tmpfs', 'rw,nosuid,nodev,noexec,noatime')]), [
    { point: '/run', flags: ['nosuid', 'nodev', 'noexec', 'noatime'] }
  ])
  assert.equal(of([line('/a\\040b', 'ext4')]), [{ point: '/a b', flags: ['relatime'] }])
})

const table: Array<[what: string, lines: string[], points: string[], closed?: string[]]> = [
  ['all that is writable', [line('/', 'ext4'), line('/run/lock', 'tmpfs')], ['/', '/run/lock']],
  ['not what is read-only already', [line('/', 'ext4'), line('/snap/x', 'squashfs', 'ro,relatime')], ['/']],
  ['not what is the kernel’s', [line('/proc', 'proc'), line('/sys', 'sysfs'), line('/dev/pts', 'devpts')], []],
  ['the upper of two at one point', [line('/a', 'ext4'), line('/a', 'tmpfs', 'ro')], []],
  [
    'not what lies in a folder that the user cannot enter',
    [line('/var/lib/docker/overlay2/x/merged', 'overlay'), line('/var/lib', 'ext4')],
    ['/var/lib'],
    ['/var/lib/docker']
  ],
  ['also where the user cannot enter the mount itself', [line('/a', 'ext4')], ['/a'], ['/a']],
  ['all of a server', [line('/far', 'nfs4'), line('/far/x/y', 'ext4')], ['/far', '/far/x/y']],
  [
    'of FUSE what others may enter',
    [
      line('/home/u/.gvfs', 'fuse.gvfsd-fuse'),
      line('/far', 'fuse.sshfs', 'rw', 'rw,allow_other'),
      line('/', 'fuse.overlay')
    ],
    ['/far', '/']
  ],
  ['nothing of lines that are none', ['', 'x', '1 2 3 - 4'], []]
]
for (const [what, lines, expected, closed] of table) {
  mounts(`${what}: ${expected.join(' ')}`, () => assert.equal(points(lines, closed), expected))
}

mounts.run()
