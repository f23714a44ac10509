/** What KVM does for virtual machines, counted at each interval. */
import { existsSync } from 'node:fs'
import { perfCounts } from './perf-counts.ts'

export const kvmstat = perfCounts({
  name: 'kvmstat',
  summary: 'counts of what KVM does for the virtual machines of a host: exits, entries, interrupts (perf stat)',
  events: 'kvm:*',
  tracepoint: 'kvm:kvm_exit',
  whyNot: () => (existsSync('/dev/kvm') ? undefined : 'no /dev/kvm: this machine is no host of virtual machines')
})
