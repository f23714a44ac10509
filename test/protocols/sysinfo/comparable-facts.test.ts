import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { comparable, factsOf } from '../../../protocols/sysinfo/comparable-facts.ts'

const facts = suite('what of a snapshot says how machines differ')

const of = (file: string, content: unknown) =>
  Object.fromEntries(factsOf([[file, typeof content === 'string' ? content : JSON.stringify(content)]]))

facts('values of JSON are named by their path, in a list by name, folder or place', () => {
  const cpu = { model: 'X', caches: [{ level: '1' }, { level: '2' }], flags: ['a', 'b'], none: null }
  assert.equal(of('cpu.json', cpu), {
    ...{ 'cpu.model': 'X', 'cpu.caches.0.level': '1', 'cpu.caches.1.level': '2', 'cpu.flags': 'a b' }
  })
  const disks = { devices: [{ name: 'sda', rotational: '0' }], mounts: [{ folder: '/', type: 'ext4' }] }
  assert.equal(of('disks.json', disks), {
    'disks.devices.sda.name': 'sda',
    'disks.devices.sda.rotational': '0',
    'disks.mounts./.folder': '/',
    'disks.mounts./.type': 'ext4'
  })
})

facts('lines of text are named by what stands before the value', () => {
  assert.equal(of('sysctl.txt', 'vm.swappiness = 60\nnet.core.somaxconn = 4096\n'), {
    ...{ 'sysctl.vm.swappiness': '60', 'sysctl.net.core.somaxconn': '4096' }
  })
  assert.equal(of('kernel-config.txt', '# Kernel\nCONFIG_HZ=250\n# CONFIG_KASAN is not set\n\n'), {
    ...{ 'kernel-config.CONFIG_HZ': '250', 'kernel-config.CONFIG_KASAN': 'n' }
  })
  assert.equal(of('packages.txt', 'node v26.1.0\nlibc6:amd64 2.36-9\n'), {
    ...{ 'packages.node': 'v26.1.0', 'packages.libc6:amd64': '2.36-9' }
  })
})

facts('a file that is no item, no JSON or not to be compared has none', () => {
  assert.equal(of('other.json', { a: 1 }), {})
  assert.equal(of('cpu.json', '{"model":'), {})
  assert.equal(of('dmesg.txt', '[0.0] Linux version'), {})
  assert.equal(of('noise.json', { findings: [] }), {})
})

const passing = [
  ...['os.hostname', 'os.taken', 'os.uptime', 'cpu.mhz'],
  ...[
    'memory.meminfo.MemFree',
    'memory.meminfo.Cached',
    'memory.swaps',
    'memory.hugepages.hugepages-2048kB.free_hugepages'
  ],
  ...['numa.nodes.node0.free', 'disks.mounts./.available', 'disks.mounts./.inodesFree'],
  'disks.mounts./var/lib/docker/overlay2/abc/merged.type',
  ...['network.routes.0.gateway', 'network.interfaces.eth0.address', 'network.interfaces.veth1234.mtu'],
  ...['sysctl.kernel.random.boot_id', 'sysctl.fs.file-nr', 'sysctl.kernel.ns_last_pid', 'sysctl.kernel.hostname'],
  ...['sysctl.net.ipv4.conf.eth0.forwarding', 'sysctl.net.netfilter.nf_conntrack_count'],
  ...['cgroups.path', 'containers.docker.running', 'containers.podman.ContainersRunning.id']
]
for (const name of passing) facts(`${name} passes`, () => assert.is(comparable(name, '1'), undefined))

const kept = [
  ...['os.release.NAME', 'kernel.uname.release', 'cpu.microcode', 'cpu.smt/control', 'cpu.boost'],
  ...['memory.meminfo.HugePages_Total', 'memory.transparentHugepages.enabled', 'numa.nodes.node0.cpulist'],
  ...['disks.devices.sda.scheduler', 'disks.mounts./.options', 'network.interfaces.eth0.mtu'],
  ...['sysctl.vm.swappiness', 'sysctl.net.ipv4.conf.all.forwarding', 'sysctl.net.ipv4.tcp_rmem'],
  ...['mitigations.spectre_v2', 'packages.procps', 'kernel-config.CONFIG_HZ', 'modules.loaded']
]
for (const name of kept) facts(`${name} is compared`, () => assert.is(comparable(name, 'x y'), 'x y'))

facts('what the kernel makes of the size of the memory is compared by two digits', () => {
  assert.is(comparable('memory.meminfo.MemTotal', '24683612 kB'), comparable('memory.meminfo.MemTotal', '24683580 kB'))
  assert.is.not(
    comparable('memory.meminfo.MemTotal', '24683612 kB'),
    comparable('memory.meminfo.MemTotal', '16283612 kB')
  )
  assert.is(comparable('sysctl.kernel.threads-max', '192512'), comparable('sysctl.kernel.threads-max', '192480'))
})

facts('the id of the disk that a machine booted from is its own', () => {
  const line = (id: string) => `BOOT_IMAGE=/vmlinuz root=UUID=${id} ro mitigations=off`
  const [one, other] = ['5e2a1f2c-0b1d-4d59-8a77-0c1a2b3c4d5e', 'aa2a1f2c-0b1d-4d59-8a77-0c1a2b3c4d5f']
  assert.is(comparable('kernel.cmdline', line(one)), comparable('kernel.cmdline', line(other)))
  assert.match(comparable('kernel.cmdline', line(one)) as string, 'mitigations=off')
})

facts('no machine has facts without end', () => {
  const many = Array.from({ length: 40_000 }, (_, i) => `a.b${i} = ${'x'.repeat(10)}`).join('\n')
  const found = factsOf([['sysctl.txt', many]])
  assert.is(found.size, 30_000)
  assert.is(of('sysctl.txt', `a = ${'x'.repeat(5_000)}`)['sysctl.a']?.length, 512)
})

facts.run()
