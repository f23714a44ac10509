/** A number with its unit as people read it: bytes in KiB and MiB, bits in Mbit, times in the unit that fits. Pure. */

const BYTES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
const SI = ['', 'k', 'M', 'G', 'T', 'P']
/** Units whose thousands are k, M and G. */
const SCALED = /^(bit)?\/s$/
/** What is counted: written out, since `k` before a word is read as a part of it. */
const COUNTED = /^[A-Za-z]+\/s$/
const TIMES: Array<[unit: string, ms: number]> = [
  ['ns', 1e-6],
  ['µs', 1e-3],
  ['ms', 1],
  ['s', 1000]
]

/**
 * @param unit '' if it has none; one that is not known is written behind the number
 * @param digits that are shown at least, where there are as many
 * @returns `412 MiB/s`, `3.14 ms`, `97 %`, `152 k/s`, `152,340 ops/s`
 */
export function formatValue(value: number, unit = '', digits = 3): string {
  if (!Number.isFinite(value)) return '-'
  if (value < 0) return `-${formatValue(-value, unit, digits)}`
  switch (unit) {
    case 'B':
    case 'B/s':
      return scaled(value, 1024, BYTES, digits) + unit.slice(1)
    case '%':
      return `${value >= 9.95 ? Math.round(value) : value >= 0.95 ? value.toFixed(1) : Number(value.toPrecision(1))} %`
    case 'ns':
    case 'us':
    case 'µs':
    case 'ms':
    case 's':
      return formatTime(value * (TIMES.find(([name]) => name === unit.replace('us', 'µs'))?.[1] ?? 1), digits)
    case '':
    case 'tasks':
      return short(value, digits)
    default:
      if (SCALED.test(unit)) return scaled(value, 1000, SI, digits) + unit
      return `${COUNTED.test(unit) ? grouped(short(value, digits)) : short(value, digits)} ${unit}`
  }
}

/** So many digits, and all of a whole number: `44.30`, `152`, `12345` */
const short = (value: number, digits: number) => {
  if (value >= 10 ** (digits - 1) * 0.9999) return String(Math.round(value))
  // 0.943 s are 943 ms, whatever the last bits of the product are
  const whole = Math.round(value)
  return Math.abs(value - whole) <= 1e-12 * value ? String(whole) : value.toPrecision(digits)
}

/** `152,340`; what has a fraction is less than a thousand or so. */
const grouped = (text: string) => (/^\d{4,}$/.test(text) ? text.replace(/\B(?=(\d{3})+$)/g, ',') : text)

function formatTime(ms: number, digits: number): string {
  if (ms === 0) return '0 ms'
  const [unit, per] = TIMES.findLast(([, each]) => ms >= 0.9995 * each) ?? (TIMES[0] as [string, number])
  return `${short(ms / per, digits)} ${unit}`
}

/** `152 k`, `3.14 MiB` */
function scaled(value: number, base: number, names: string[], digits: number): string {
  const power = value < 1 ? 0 : Math.min(names.length - 1, Math.floor(Math.log(value * 1.0005) / Math.log(base)))
  return `${short(value / base ** power, digits)} ${names[power]}`
}
