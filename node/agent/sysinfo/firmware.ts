/** Product, board and firmware as far as an ordinary user can read them: no serial numbers. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { type Collector, list, readAll } from './collector.ts'

const SECURE_BOOT = '/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c'
const DMI = [
  ...['sys_vendor', 'product_name', 'product_family', 'product_sku', 'product_version'],
  ...['board_vendor', 'board_name', 'board_version', 'chassis_type'],
  ...['bios_vendor', 'bios_version', 'bios_date', 'bios_release', 'ec_firmware_release']
]

export const firmware: Collector = {
  collect: async () => ({
    ...(await readAll('/sys/class/dmi/id', DMI)),
    // machines without DMI
    ...(await readAll('/proc/device-tree', ['model', 'compatible']).then(stripZeros)),
    efi: existsSync('/sys/firmware/efi'),
    secureBoot: await secureBoot(),
    acpiTables: (await list('/sys/firmware/acpi/tables')).filter(name => /^[A-Z0-9]{4}\d*$/.test(name))
  })
}

/** Four bytes of attributes, then the value. */
async function secureBoot(): Promise<boolean | undefined> {
  const bytes = await readFile(SECURE_BOOT).catch(() => undefined)
  return bytes == null ? undefined : bytes.at(4) === 1
}

const stripZeros = (texts: Record<string, string>) =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, text.replaceAll('\0', ' ').trim()]))
