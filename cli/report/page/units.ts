/** Numbers with their units, for people: three digits, a prefix where the unit takes one, a time as minutes and seconds. */

const DECIMAL = ['', 'k', 'M', 'G', 'T', 'P']
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi']
/** Units that take a prefix; of others a large number is written out. */
const PREFIXED = /^(B|B\/s|bit\/s|\/s|Hz|IOPS)$/

/** @returns three significant digits without an exponent: `0.25`, `43`, `1,520` */
export function plain(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size === 0) return '0'
  if (size >= 1e15 || size < 1e-6) return value.toExponential(2)
  const digits = size >= 100 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(size)))
  const text = value.toFixed(Math.min(8, digits))
  const short = text.includes('.') ? text.replace(/\.?0+$/, '') : text
  const [whole = '', fraction] = short.split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction == null ? grouped : `${grouped}.${fraction}`
}

/** @returns two significant digits, of what is itself an estimate */
export const rough = (value: number): string => plain(Number(value.toPrecision(2)))

/** @returns how a value is divided and what is written after it, so that all marks of an axis have the same prefix */
export function scaleOf(largest: number, unit: string): { divisor: number; unit: string } {
  if (!PREFIXED.test(unit) || !(Math.abs(largest) >= 1000)) return { divisor: 1, unit }
  const [base, prefixes] = unit.startsWith('B') ? [1024, BINARY] : [1000, DECIMAL]
  const power = Math.min(Math.floor(Math.log(Math.abs(largest)) / Math.log(base) + 1e-9), prefixes.length - 1)
  // `12 k/s`, but `12 MiB/s`
  return { divisor: base ** power, unit: `${prefixes[power]}${unit}` }
}

/** @returns `1.5 MiB/s`, `43 %`, `12` */
export function withUnit(value: number, unit: string): string {
  if (!Number.isFinite(value)) return '–'
  const scale = scaleOf(value, unit)
  const text = plain(value / scale.divisor)
  return scale.unit === '' ? text : `${text} ${scale.unit}`
}

/** @returns minutes and seconds of the run, hours where there are some: `0:30`, `1:02:05`, `0:00.25` */
export function clock(seconds: number): string {
  const sign = seconds < -5e-7 ? '−' : ''
  const all = Math.abs(Number(seconds.toFixed(6)))
  const whole = Math.floor(all)
  const fraction = Number((all - whole).toFixed(6))
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  const rest = fraction === 0 ? '' : String(fraction).slice(1)
  return h > 0 ? `${sign}${h}:${two(m)}:${two(s)}${rest}` : `${sign}${m}:${two(s)}${rest}`
}

/** @returns `8.2 s`, `4 min 12 s`, `3 h 20 min` */
export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 59.95) return `${Number(seconds.toFixed(1))} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  const minutes = Math.round(whole / 60)
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** @returns `1.2 %` */
export const percent = (share: number): string => `${plain(100 * share)} %`
