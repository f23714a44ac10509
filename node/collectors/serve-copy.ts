/** Serves the data of Prometheus in a result again. A server writes to its folder: so it gets a copy, which goes with it. */
import { constants, existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { BakError } from '../../protocols/errors.ts'
import { collectorFolder } from '../../protocols/layout.ts'
import type { Supervisor } from '../processes/supervisor.ts'
import { removeTree } from '../store/remove-tree.ts'
import { findProgram } from '../tools/find-program.ts'
import { notFound } from '../tools/program-tool.ts'
import { collectors } from './collector.ts'
import { DATA_FOLDER, type PrometheusServer, startServer } from './prometheus.ts'

interface ServeInit {
  /** The folder of the result. */
  result: string
  /** Where the copy is made. */
  scratch: string
  /** ADDRESS:PORT. */
  listen: string
  supervisor: Pick<Supervisor, 'spawn'>
  signal: AbortSignal
  /** Does the copying while nobody else may use the result. */
  during<T>(work: () => Promise<T>): Promise<T>
}

/** @throws {BakError} `no-such-run` if the result has no such data; `tool-unavailable`, `tool-failed`, `no-space` */
export async function serveCopy({ result, scratch, during, ...init }: ServeInit): Promise<PrometheusServer> {
  const source = join(result, collectorFolder('prometheus'), DATA_FOLDER)
  if (!existsSync(source))
    throw new BakError(
      'no-such-run',
      `the result has no data of Prometheus: no tool of the run was asked by it (--tools node-exporter)`
    )
  const { program: name, needs } = collectors.prometheus
  const program = await findProgram(name)
  if (program == null) throw new BakError('tool-unavailable', `${name} ${notFound(needs)}`)
  await mkdir(scratch, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(scratch, 'prometheus-'))
  try {
    // on many file systems a copy shares its blocks with the file
    await during(() => cp(source, join(folder, DATA_FOLDER), { recursive: true, mode: constants.COPYFILE_FICLONE }))
    const server = await startServer({ ...init, program, folder, config: '{}\n' })
    return {
      ...server,
      async stop() {
        await server.stop()
        await removeTree(folder)
      }
    }
  } catch (cause) {
    await removeTree(folder)
    throw cause
  }
}
