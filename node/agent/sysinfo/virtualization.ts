/** Whether this is a machine, a guest of a hypervisor or a container, and whether it is a host of guests. */
import { existsSync } from 'node:fs'
import { ask, type Collector, list, pairsOf, read } from './collector.ts'

/** What products of hypervisors call themselves. */
const PRODUCTS: Array<[RegExp, string]> = [
  [/QEMU|KVM|Standard PC|RHEV|oVirt|OpenStack/i, 'kvm'],
  [/VMware/i, 'vmware'],
  [/VirtualBox/i, 'virtualbox'],
  [/Virtual Machine|Hyper-V/i, 'hyper-v'],
  [/Xen|HVM domU/i, 'xen'],
  [/Amazon EC2/i, 'amazon'],
  [/Google Compute Engine/i, 'google'],
  [/Firecracker/i, 'firecracker'],
  [/Parallels/i, 'parallels'],
  [/bhyve/i, 'bhyve']
]

export const virtualization: Collector = {
  async collect(context) {
    const flags = pairsOf((await read('/proc/cpuinfo')) ?? '').flags ?? ''
    const names = ['sys_vendor', 'product_name', 'board_vendor', 'bios_vendor']
    const dmi = await Promise.all(names.map(name => read(`/sys/class/dmi/id/${name}`)))
    return {
      /** What systemd makes of it, where that is installed: `none` for a machine. */
      detected: (await ask('systemd-detect-virt', [], context).catch(() => undefined))?.trim(),
      isGuest: / hypervisor( |$)/.test(flags) || undefined,
      hypervisor: (await read('/sys/hypervisor/type')) ?? kindOf(dmi.join(' ')),
      container: await containerKind(),
      /** It may be a host: the processor can, and the device is there. */
      host: { kvm: existsSync('/dev/kvm'), nested: await nested(), guests: await countGuests() },
      balloon:
        (await list('/sys/bus/virtio/drivers/virtio_balloon')).some(name => name.startsWith('virtio')) || undefined
    }
  }
}

export const kindOf = (dmi: string): string | undefined => PRODUCTS.find(([pattern]) => pattern.test(dmi))?.[1]

async function containerKind(): Promise<string | undefined> {
  if (existsSync('/run/.containerenv')) return 'podman'
  if (existsSync('/.dockerenv')) return 'docker'
  const cgroup = (await read('/proc/1/cgroup')) ?? ''
  const [, kind] = /(kubepods|docker|lxc|libpod|machine\.slice)/.exec(cgroup) ?? []
  return kind ?? (await read('/run/systemd/container'))
}

async function nested(): Promise<string | undefined> {
  for (const module of ['kvm_intel', 'kvm_amd']) {
    const value = await read(`/sys/module/${module}/parameters/nested`)
    if (value != null) return `${module} ${value}`
  }
  return undefined
}

/** Guests of KVM that run now; a user who may not look there gets nothing. */
async function countGuests(): Promise<number | undefined> {
  const names = await list('/sys/kernel/debug/kvm')
  return names.length === 0 ? undefined : names.filter(name => /^\d+-\d+$/.test(name)).length
}
