/** The last messages of the kernel, as far as this user may read them. */
import { ask, type Collector, redact } from './collector.ts'

const MAX_BYTES = 256 * 1024

export const dmesg: Collector = {
  deadline: 10_000,
  async collect(context) {
    const text = await ask('dmesg', [], context)
    if (text == null) return context.lacks('dmesg is not on PATH')
    if (text.length <= MAX_BYTES) return redact(text)
    context.cut(`the last ${MAX_BYTES / 1024} KiB of ${Math.round(text.length / 1024)}`)
    return redact(text.slice(text.indexOf('\n', text.length - MAX_BYTES) + 1))
  }
}
