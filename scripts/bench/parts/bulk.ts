/** Large transfers: one, eight at once, one where a round trip takes long, and the text of a tool. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { labMissing } from '../../../testnets/lab/available.ts'
import type { Bench } from '../bench.ts'
import { IPERF, IROH, iperf, iroh, overSsh, SCP, TCP, tcp } from '../carriers.ts'
import { SINK, sinkPhases } from '../contenders.ts'
import { farTransfer, ROUND_TRIP_MS } from '../far.ts'
import { BAK, type Figure, figure, leastTimes, most } from '../figure.ts'
import { fill, noise, vmstatLines } from '../files.ts'
import { alternate, type Entrant, enter, type Repetitions } from '../measure.ts'
import type { Mesh } from '../mesh.ts'
import { findProgram } from '../peers/programs.ts'
import { cpuOfAlone } from '../processes.ts'
import { bakTransfer } from '../transfer.ts'

/** What each of several sends, and the text that a tool leaves, MiB. */
const SHARE = 64
const SENDERS = 8
/** Transfers of seconds need fewer repetitions than phases of milliseconds. */
const MOST_ROUNDS = 3
const XZ = 'xz'
/** Of the text that xz packs, as it takes a second for each MiB: a part stands for all of it. */
const PACKED = 16
/** ms */
const PATIENCE = 150_000

const run = promisify(execFile)

interface File {
  path: string
  mib: number
}

export async function* measure(bench: Bench): AsyncGenerator<Figure> {
  const { mib, rounds } = bench.options
  // what the last one wrote goes to the disk in its own time
  const before = async () => void (await run('sync', { timeout: PATIENCE }))
  const repetitions = { rounds: Math.min(rounds, MOST_ROUNDS), warmUps: 1, before }
  await bench.noMesh()
  const mesh = await bench.mesh(SENDERS, { lends: true })
  const folder = await bench.scratch('files')
  const large = { path: await fill(join(folder, 'large'), mib, noise), mib }
  const small = Math.min(SHARE, mib)
  const share = { path: await fill(join(folder, 'share'), small, noise), mib: small }
  const text = { path: await fill(join(folder, 'text'), small, vmstatLines), mib: small }
  yield* await oneLarge(bench, mesh, large, repetitions)
  yield* await severalAtOnce(bench, mesh, share, repetitions)
  yield await oneFar(bench, large, repetitions)
  yield* await toolText(mesh, text, repetitions)
}

async function oneLarge(bench: Bench, mesh: Mesh, file: File, repetitions: Repetitions): Promise<Figure[]> {
  const { path, mib } = file
  const outcomes = await alternate(
    [
      bakTransfer(mesh, 'm1', path, mib),
      ...(await overSsh(bench, path, mib)),
      await enter(TCP, () => tcp(bench, mib)),
      await enter(IPERF, () => iperf(bench)),
      await enter(IROH, () => iroh(bench))
    ],
    { ...repetitions, warmUps: 0 }
  )
  const what = `${mib} MiB that do not compress`
  return [
    figure(`one transfer of ${what}`, 'MiB/s', 'rate', outcomes, {
      budgets: [leastTimes(1, SCP), leastTimes(0.5, TCP)],
      note: `from the first MiB to the last; ${TCP} and ${IPERF} carry memory to nowhere, ${SCP} and rsync file to file, ${IROH} passes arrays of numbers to its library`
    }),
    figure(`end of the workload to the receipt of ${what}`, 'MiB/s', 'whole', outcomes, {
      note: 'packed, hashed, sent, verified, unpacked'
    }),
    figure(`memory that the sender takes for it`, 'MiB', 'sender', outcomes, { budgets: [most(32, 'MiB')] }),
    figure(`memory that the receiver takes for it`, 'MiB', 'receiver', outcomes, { budgets: [most(32, 'MiB')] })
  ]
}

async function severalAtOnce(bench: Bench, mesh: Mesh, file: File, repetitions: Repetitions): Promise<Figure[]> {
  const mib = file.mib * SENDERS
  const put = { action: 'send' as const, bytes: file.mib * 2 ** 20, phases: 1 }
  const sink = await enter(SINK, async () => asRate(await sinkPhases(bench, SENDERS, put), mib))
  const outcomes = await alternate([bakTransfer(mesh, undefined, file.path, mib), sink], repetitions)
  return [
    figure(`${SENDERS} at once, ${file.mib} MiB each, all together`, 'MiB/s', 'rate', outcomes, {
      budgets: [leastTimes(1, SINK)],
      note: 'of bak from the first portion to the last; the sink gets bytes out of memory by PUT, from its command on'
    }),
    figure(`${SENDERS} at once, command to last receipt`, 'MiB/s', 'whole', outcomes)
  ]
}

async function oneFar(bench: Bench, { path, mib }: File, repetitions: Repetitions): Promise<Figure> {
  const missing = labMissing()
  const entrants = missing == null ? await farTransfer(bench, path, mib) : [{ name: BAK, absent: missing }]
  const outcomes = await alternate(entrants, repetitions)
  return figure(`one transfer of ${mib} MiB over a round trip of ${ROUND_TRIP_MS} ms`, 'MiB/s', 'rate', outcomes, {
    budgets: [leastTimes(0.8, TCP)],
    note: `from the first byte to the last, between two namespaces; ${TCP} begins a connection for it, and carries memory to nowhere`
  })
}

async function toolText(mesh: Mesh, file: File, repetitions: Repetitions): Promise<Figure[]> {
  const outcomes = await alternate([bakTransfer(mesh, 'm1', file.path, file.mib), packing(file)], repetitions)
  const what = `${file.mib} MiB of a tool's text`
  return [
    figure(`${what}, stop to receipt`, 's', 'seconds', outcomes, {
      budgets: [most(2, 's')],
      note: `${XZ} is only how pbench packs it, once, on one core, before anything is sent: ${PACKED} MiB of it were packed, and stand for the rest`
    }),
    figure(`${what}, processor time of the member`, 's', 'spent', outcomes, { budgets: [most(1, 's')] })
  ]
}

/** pbench's way of packing, which is most of what its send takes. */
function packing({ path, mib }: File): Entrant {
  const program = findProgram('xz')
  if ('absent' in program) return { name: XZ, ...program }
  const env = { ...process.env, ...program.env }
  const part = Math.min(PACKED, mib)
  const script = 'head -c "$2" "$0" | "$1" -6 -T1 | wc -c'
  return {
    name: XZ,
    rounds: 1,
    async round() {
      const [began, before] = [performance.now(), cpuOfAlone([process.pid])]
      await run('sh', ['-c', script, path, program.path, String(part * 2 ** 20)], { env, timeout: PATIENCE })
      // programs that have ended count with who waited for them
      const [took, spent] = [performance.now() - began, cpuOfAlone([process.pid]) - before]
      return { seconds: ((took / 1000) * mib) / part, spent: ((spent / 1000) * mib) / part }
    }
  }
}

/** @returns the same contender with `rate` and `whole` in MiB/s for the ms that `mib` took */
function asRate(entrant: Entrant, mib: number): Entrant {
  if ('absent' in entrant) return entrant
  const round = async () => {
    const { latency } = await entrant.round()
    const rate = mib / ((latency as number) / 1000)
    return { rate, whole: rate }
  }
  return { ...entrant, round }
}
