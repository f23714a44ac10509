/**
 * The collector daemon of Performance Co-Pilot, pmcd, for the pmlogger of the controller. Each run has its own, with its agents in it, its
 * folders and a free port: nothing is read or written below /run or /var/run, and it works for ordinary users, too.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { errorLineIn } from '../processes/error-line.ts'
import { listening } from './exporter.ts'
import { findRunnable, versionOf } from './find-program.ts'
import { type PcpPlaces, pcpPlaces } from './pcp-places.ts'
import { filesOfProgram, notFound } from './program-tool.ts'
import { runProgram } from './run-program.ts'
import { isReadable } from './sampled/kernel-file.ts'
import { intervalSetting, settingsOf } from './settings-of.ts'
import { type RunningTool, type Tool, type ToolContext, unusable, wrapTool } from './tool.ts'

const NAME = 'pcp'
const LOG = 'pmcd.log'
/** pmcd chooses no port by itself, and another program may take one that was free. */
const ATTEMPTS = 5
/** pmcd says within some ms whether it has its port. */
const LISTEN_TIMEOUT_MS = 10_000
const LISTEN_CHECK_MS = 20
const MERGE_TIMEOUT_MS = 10_000
/** Characters. */
const MAX_METRICS = 4096

const needs = { program: 'pmcd', debian: 'pcp', fedora: 'pcp' }

export const pcp: Tool = {
  name: NAME,
  summary: 'metrics of Performance Co-Pilot about the machine, for the pmlogger of the controller',
  lifetime: 'persistent',
  needs,
  settings: [
    intervalSetting,
    {
      name: 'metrics',
      type: 'string',
      summary: 'what is logged, such as "kernel.all mem.util"; names of metrics, or of trees of them',
      check: text =>
        text.length <= MAX_METRICS && /^[a-z][\w.]*( +[a-z][\w.]*)*$/i.test(text)
          ? undefined
          : 'expected names of metrics with spaces between'
    }
  ],
  noWords: 'its program gets no others',
  stop: 'SIGTERM',
  files: [
    { name: LOG, what: 'the log of pmcd' },
    { name: 'pmcd.conf', what: 'its agents, and who may ask it' },
    ...filesOfProgram(NAME)
  ],
  async check() {
    const places = await pcpPlaces()
    const pmcd = await findRunnable([join(places.binaries, 'pmcd')])
    if (pmcd == null) return unusable(NAME, `pmcd ${notFound(needs)}`)
    const agents = missingAgents(places)
    if (agents.length > 0) return unusable(NAME, `${agents.join(', ')}: no such file`)
    return { tool: NAME, usable: true, version: await versionOf(pmcd, '--version') }
  },
  async start(context) {
    settingsOf(pcp, context.options)
    if (context.bundle != null)
      throw new BakError('tool-unavailable', `${NAME} has many parts: it is not taken from a bundle`)
    const places = await pcpPlaces()
    for (let attempt = 1; ; attempt++) {
      const port = await freePort()
      const running = await startPmcd(places, context, port)
      try {
        await hasPort(running, context, port)
        return listening(running, context, port)
      } catch (cause) {
        await running.stop()
        const error = asBakError(cause)
        if (error.code !== 'busy' || attempt === ATTEMPTS) throw error
      }
    }
  }
}

/**
 * In pmcd itself: as programs they would become another user, which only root can. The agent of processes is not there: beside that of the
 * kernel it ends pmcd when a help text is asked for, since both have the same tables, and over TCP it shows no process anyway.
 */
const AGENTS = [
  { name: 'pmcd', domain: 2 },
  { name: 'linux', domain: 60 }
]
const agentFile = ({ agents }: PcpPlaces, name: string) => join(agents, name, `pmda_${name}.so`)

const missingAgents = (places: PcpPlaces): string[] =>
  AGENTS.map(({ name }) => agentFile(places, name)).filter(each => !isReadable(each))

/** Who may ask: this machine, for values. */
const configOf = (places: PcpPlaces) =>
  `${AGENTS.map(({ name, domain }) => `${name}\t${domain}\tdso\t${name}_init\t${agentFile(places, name)}`).join('\n')}

[access]
disallow ".*" : store;
disallow ":*" : store;
allow "local:*" : fetch;
`

async function startPmcd(places: PcpPlaces, context: ToolContext, port: number): Promise<RunningTool> {
  const { folder } = context
  const own = { run: join(folder, 'run'), names: join(folder, 'names') }
  for (const each of Object.values(own)) await mkdir(each, { recursive: true })
  const config = join(folder, 'pmcd.conf')
  await writeFile(config, configOf(places))
  await rm(join(folder, LOG), { force: true })
  const names = await mergeNames(places, context, own.names)
  const variables = {
    ...{ PCP_RUN_DIR: own.run, PCP_TMP_DIR: own.run, PCP_TMPFILE_DIR: own.run },
    ...{ PCP_LOG_DIR: folder, PCP_PMCDCONF_PATH: config }
  }
  const argv = [
    '/usr/bin/env',
    ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    join(places.binaries, 'pmcd'),
    ...['-f', '-A', '-c', config, '-n', names, '-i', '127.0.0.1', '-p', `${port}`],
    ...['-s', join(own.run, 'pmcd.socket'), '-l', LOG, '-x', join(own.run, 'fatal.log')]
  ]
  const running = await runProgram({ name: NAME, argv, stopSignal: 'SIGTERM', output: LOG }, context)
  const stop = async () => {
    const faults = await running.stop()
    // what only pmcd needed
    for (const each of Object.values(own)) await rm(each, { recursive: true, force: true })
    return faults
  }
  return wrapTool(running, { stop })
}

/** The names of the metrics of all agents in one file, which packages make as root only. */
async function mergeNames(places: PcpPlaces, { programs, signal }: ToolContext, folder: string): Promise<string> {
  const merged = join(folder, 'root')
  await rm(merged, { force: true })
  const roots = AGENTS.map(({ name }) => join(places.names, `root_${name}`))
  const [stdout, stderr] = [join(folder, 'stdout.txt'), join(folder, 'stderr.txt')]
  const argv = [join(places.binaries, 'pmnsmerge'), ...roots, merged]
  const merging = await programs.spawn({ name: NAME, argv, folder, stdout, stderr })
  const ended = await Promise.race([
    merging.exited,
    sleep(MERGE_TIMEOUT_MS, undefined, { signal, ref: false }).catch(() => undefined)
  ])
  await merging.stop()
  await merging.collect()
  if (ended?.exit === 0) return merged
  throw new BakError(
    'tool-failed',
    `pmnsmerge made no list of metrics: ${(await errorLineIn(stderr)) || 'it did not end'}`
  )
}

/** @throws {BakError} `busy` if another program took the port: pmcd goes on without it */
async function hasPort({ ready, failed }: RunningTool, { folder, signal }: ToolContext, port: number): Promise<void> {
  await ready
  let ended: string | undefined
  failed?.then(reason => {
    ended = reason
  })
  for (const deadline = performance.now() + LISTEN_TIMEOUT_MS; performance.now() < deadline; ) {
    const state = portState(await readFile(join(folder, LOG), 'utf8').catch(() => ''), port)
    if (state === 'ok') return
    if (state === 'err') throw new BakError('busy', `another program took port ${port}`)
    if (ended != null) throw new BakError('tool-failed', ended)
    await sleep(LISTEN_CHECK_MS, undefined, { signal }).catch(() => {
      throw asBakError(signal.reason)
    })
  }
  throw new BakError('tool-failed', `pmcd did not listen within ${LISTEN_TIMEOUT_MS / 1000} s`)
}

/** Pure. @param log of pmcd: `  ok     3 24401 inet   127.0.0.1` @returns undefined where it does not say yet */
export const portState = (log: string, port: number): string | undefined =>
  new RegExp(`^\\s*(ok|err)\\s+-?\\d*\\s+${port} inet\\s`, 'm').exec(log)?.[1]

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}
