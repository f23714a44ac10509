/** `openssl speed`: the tables at its end, or the lines of `-mr`. */
import { main, type ResultReader, throughput } from './result-reader.ts'
import { plainNumber } from './units.ts'

const SPEED = throughput('B/s')

export const opensslSpeed: ResultReader = {
  claims: output =>
    output.has('\nbuilt on: ', '\noptions: ') ? /^type +\d+ bytes|\/s *$/m.test(output.text) : output.has('+H:', '+F:'),
  read(output, found) {
    /** Block sizes of the next rows, or what their last numbers are. */
    let sizes: string[] = []
    let rates: string[] = []
    for (const line of output.lines()) {
      const [, head] = /^(?:type|\+H:)(.+)$/.exec(line) ?? []
      if (head != null) {
        sizes = head.match(/\d+/g) ?? []
        rates = []
      }
      const words = line.trim().split(/ +/)
      const speeds = words.slice(-sizes.length)
      if (sizes.length > 0 && words.length > sizes.length && speeds.every(each => /^[\d.]+k$/.test(each))) {
        const algorithm = words.slice(0, -sizes.length).join('_')
        for (const [i, each] of speeds.entries()) addSpeed(algorithm, sizes[i], plainNumber(each.slice(0, -1)), 1000)
      }
      const [, short, machine = ''] = /^\+F:\d+:([^:]+):([\d.:]+)$/.exec(line) ?? []
      if (short != null) {
        for (const [i, each] of machine.split(':').entries()) addSpeed(short, sizes[i], plainNumber(each), 1)
      }
      if (line.startsWith(' ') && words.at(-1)?.endsWith('/s')) rates = words.filter(each => each.endsWith('/s'))
      else if (rates.length > 0) addRates(words)
    }

    function addSpeed(algorithm: string, size: string | undefined, value: number | undefined, factor: number): void {
      // of blocks of the largest size, where the cost of a call does not count
      if (size != null && value != null)
        found.add([algorithm, size], value * factor, size === sizes.at(-1) ? main(SPEED) : SPEED)
    }

    /** `rsa 2048 bits 0.000242s 0.000016s 4128.6 61598.0` */
    function addRates(words: string[]): void {
      const first = words.findIndex(each => /^[\d.]+s$/.test(each))
      const values = words.slice(-rates.length)
      if (first < 1 || words.length !== first + 2 * rates.length) return
      const name = words
        .slice(0, first)
        .join('_')
        .replace(/_bits$/, '')
      for (const [i, rate] of rates.entries())
        found.add([name, rate.replace(/\/s$/, '')], plainNumber(values[i]), main(throughput()))
    }
  }
}
