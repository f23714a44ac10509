/** How soon a command answers, and a daemon listens. */
import { spawn } from 'node:child_process'
import { BAK as PROGRAM } from '../../../testnets/programs.ts'
import { Testnet } from '../../../testnets/testnet.ts'
import type { Bench } from '../bench.ts'
import { BAK, type Figure, figure, most } from '../figure.ts'
import { alternate, type Contender, enter, median } from '../measure.ts'
import { DRIVER } from '../mesh.ts'
import { startAgent, startSerf } from '../peers/serf.ts'

const SERF = 'serf'
const NODE = 'bare Node'
/** Starts of a repetition. */
const STARTS = 5

export async function* measure(bench: Bench): AsyncGenerator<Figure> {
  const { rounds } = bench.options
  await bench.noMesh()
  const mesh = await bench.mesh(1)
  const home = mesh.testnet.peer(DRIVER).home
  const bare = starting(NODE, process.execPath, ['-e', '0'])
  const status = await alternate(
    [
      starting(BAK, PROGRAM, ['--home', home, 'status']),
      await enter(SERF, async () => {
        const serf = await startSerf(bench, 1)
        if ('absent' in serf) return { name: SERF, ...serf }
        return starting(SERF, serf.program.path, ['members', `-rpc-addr=${serf.rpc}`], serf.program.env)
      }),
      bare
    ],
    { rounds, warmUps: 1 }
  )
  const daemon = await alternate([await daemonStarts(bench), await enter(SERF, () => agentStarts(bench)), bare], {
    rounds,
    warmUps: 1
  })
  yield* [
    figure('bak status: from start to end of the command', 'ms', 'took', status, {
      budgets: [most(100, 'ms')],
      note: 'beside serf members and node -e 0; files are in the cache of the system'
    }),
    figure('daemon: from start to listening', 'ms', 'took', daemon, { budgets: [most(500, 'ms')] })
  ]
}

function starting(name: string, program: string, args: string[], env: Record<string, string> = {}): Contender {
  return {
    name,
    async round() {
      const took: number[] = []
      for (let i = 0; i < STARTS; i++) took.push(await startOne(program, args, env))
      return { took: median(took) }
    }
  }
}

/** @returns ms from its start to its end */
export function startOne(program: string, args: string[], env: Record<string, string>): Promise<number> {
  const began = performance.now()
  const child = spawn(program, args, { stdio: 'ignore', env: { ...process.env, ...env }, timeout: 30_000 })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (status, signal) => {
      if (status === 0) resolve(performance.now() - began)
      else reject(new Error(`${program} ${args.join(' ')} ended with ${status ?? signal}`))
    })
  })
}

/** A daemon with a home, and no other peer. */
async function daemonStarts(bench: Bench): Promise<Contender> {
  const testnet = await Testnet.start({ peers: 1, folder: await bench.scratch('lone'), args: () => ['--log', 'error'] })
  bench.after(() => testnet.stop())
  return {
    name: BAK,
    async round() {
      const took: number[] = []
      for (let i = 0; i < STARTS; i++) {
        await testnet.stopPeer('n1')
        const began = performance.now()
        await testnet.startPeer('n1')
        took.push(performance.now() - began)
      }
      return { took: median(took) }
    }
  }
}

async function agentStarts(bench: Bench) {
  const serf = await startSerf(bench, 1)
  if ('absent' in serf) return { name: SERF, ...serf }
  return {
    name: SERF,
    async round() {
      const took: number[] = []
      for (let i = 0; i < STARTS; i++) {
        const agent = await startAgent(serf.program, 'lone')
        await agent.stop()
        took.push(agent.took)
      }
      return { took: median(took) }
    }
  }
}
