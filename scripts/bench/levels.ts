/** What each level of zstd costs, and what it makes of the text that tools leave. */
import { promisify } from 'node:util'
import { constants, zstdCompress } from 'node:zlib'
import { LEVEL } from '../../node/store/zstd.ts'
import { BAK, type Figure, figure } from './figure.ts'
import { counters, vmstatLines } from './files.ts'
import { alternate, type Contender, type Repetitions } from './measure.ts'

const LEVELS = [-5, -1, 1, 2, 3, 5, 9]
/** Of each kind of text, MiB. */
const SIZE = 8
const MIB = 2 ** 20

const compress = promisify(zstdCompress)

/** Figures: `spent`, ms of processor for a MiB, and `times`, how often what comes out goes into what was there. */
export async function levels(repetitions: Repetitions): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const [what, text] of [
    ['lines of vmstat', Buffer.concat(Array.from({ length: SIZE }, vmstatLines))],
    ['counters of the kernel', Buffer.concat(await Array.fromAsync({ length: SIZE }, counters))]
  ] as const) {
    const outcomes = await alternate(
      LEVELS.map(level => packer(level, text)),
      repetitions
    )
    figures.push(
      figure(`zstd on ${what}, processor time of a MiB`, 'ms', 'spent', outcomes),
      figure(`zstd on ${what}, bytes before to bytes after`, 'x', 'times', outcomes)
    )
  }
  return figures
}

function packer(level: number, text: Buffer): Contender {
  const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 }
  return {
    name: level === LEVEL ? `${BAK}, level ${level}` : `level ${level}`,
    async round() {
      const before = process.cpuUsage()
      const { length } = await compress(text, { params })
      const { user, system } = process.cpuUsage(before)
      return { spent: (user + system) / 1000 / (text.length / MIB), times: text.length / length }
    }
  }
}
