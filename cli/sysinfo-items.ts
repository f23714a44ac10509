/** Which items a snapshot of a machine can have, for `--sysinfo list`. */
import { ITEM_NAMES, ITEMS, itemOf } from '../protocols/sysinfo/items.ts'
import { formatTable } from '../protocols/text-table.ts'

export function describeItems(): string {
  const rows = ITEM_NAMES.map(name => [
    name,
    itemOf(name).slow ? 'all' : 'default',
    ITEMS[name].file,
    ITEMS[name].summary
  ])
  return [
    formatTable(['ITEM', 'IN', 'FILE', 'WHAT'], rows),
    '',
    'default: those that take less than a second together; all: also the others; none; or names, with commas.',
    "pbench's words: block is disks, kernel_config kernel-config, libvirt virtualization, security_mitigations",
    'mitigations; sos, ara and insights are refused.'
  ].join('\n')
}
