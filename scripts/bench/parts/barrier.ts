/** A barrier that scripts of all members call: by their own connection to the socket of their instance, and by the command `bak barrier`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stepFolder } from '../../../protocols/layout.ts'
import type { Bench } from '../bench.ts'
import { dismiss, hire, hireAll } from '../crew.ts'
import { BAK, type Figure, figure, mostTimes } from '../figure.ts'
import { alternate, type Contender, type Entrant, enter, median } from '../measure.ts'
import { DRIVER, type Mesh } from '../mesh.ts'
import { startRedis } from '../peers/redis-server.ts'
import { cpuOf } from '../processes.ts'

export const ROADBLOCK = "roadblock's shape"
const COMMAND = 'bak barrier, a process each'

/** Members of the meshes; those above what is asked for are left out. */
const SIZES = [8, 32, 64]
/** Barriers of a repetition that count, and before them. */
const BARRIERS = 50
const WARM_UPS = 5
/** Fewer where each begins a process on every member. */
const COMMANDS = 3
const STEP = { number: 1, name: 'default', sample: 1 }

/** Prints how long each barrier took, ms. */
const SCRIPT = `use Time::HiRes "time"; $| = 1; socket(my $s, 1, 1, 0); connect($s, pack("S a108", 1, $ENV{BAK_SOCK})) or die $!;
select($s); $| = 1; select(STDOUT);
for (1 .. ${WARM_UPS + BARRIERS}) { my $began = time; print $s "barrier again --timeout 60\\n"; my $line = <$s>; $line =~ /^ok/ or die $line; printf "%.3f\\n", (time - $began) * 1000 }`

/** The same by the command: the time of all of them, ms. */
const SHELL = `bak barrier ready --timeout 60 && exec perl -MTime::HiRes=time -e '
my $began = time; for (1 .. ${COMMANDS}) { system("bak", "barrier", "again", "--timeout", "60") == 0 or die $? }
printf "%.3f\\n", (time - $began) * 1000 / ${COMMANDS}'`

export async function* measure(bench: Bench): AsyncGenerator<Figure> {
  const { peers, rounds } = bench.options
  const sizes = SIZES.filter(size => size <= peers)
  for (const size of sizes.length === 0 ? [peers] : sizes) {
    const mesh = await bench.mesh(size)
    const outcomes = await alternate(
      [
        fromScripts(BAK, mesh, ['perl', '-e', SCRIPT], WARM_UPS, WARM_UPS + BARRIERS),
        await enter(ROADBLOCK, () => roadblocks(bench, size)),
        fromScripts(COMMAND, mesh, SHELL, 0, COMMANDS + 1)
      ],
      { rounds, warmUps: 1 }
    )
    const members = `${size} members`
    yield* [
      figure(`barrier from a script, ${members}`, 'ms', 'latency', outcomes, {
        budgets: [mostTimes(1, ROADBLOCK)],
        note: `each script keeps its connection, as the processes of ${ROADBLOCK} do; roadblock itself begins a process for each barrier, as the command does`
      }),
      figure(`processor time of a barrier, ${members}`, 'ms', 'cpu', outcomes, {
        note: 'of bak its daemons, without the scripts; of the other all parts'
      })
    ]
    await bench.endPart()
  }
}

/** Figures: `latency` of a barrier on one member, `cpu` of all daemons for it. */
function fromScripts(
  name: string,
  mesh: Mesh,
  command: string | string[],
  warmUps: number,
  barriers: number
): Contender {
  return {
    name,
    async round() {
      let run = ''
      let before = 0
      let spent = 0
      await mesh.run({ workload: [{ name: 'load', command }] }, event => {
        if (event.type === 'created') run = event.run
        if (event.type === 'phase-open' && event.phase === 'work') before = cpuOf(mesh.pids)
        if (event.type === 'phase-closed' && event.phase === 'work') spent = cpuOf(mesh.pids) - before
      })
      const { home } = mesh.testnet.peer(DRIVER)
      const [member = ''] = mesh.testnet.peers.map(each => each.name).filter(each => each !== DRIVER)
      const file = join(home, 'runs', run, stepFolder(STEP), 'workload', member, 'load/stdout.txt')
      const took = readFileSync(file, 'utf8').trim().split('\n').map(Number)
      return { latency: median(took.slice(warmUps)), cpu: spent / barriers }
    }
  }
}

/** Figures: `latency` of a barrier and `cpu` of all parts. */
async function roadblocks(bench: Bench, members: number): Promise<Entrant> {
  const redis = await startRedis()
  if ('absent' in redis) return { name: ROADBLOCK, ...redis }
  bench.after(() => redis.stop())
  const leader = await hire('roadblock', 'leader', redis.port, members)
  bench.after(() => leader.stop())
  const crew = await hireAll(members, () => ['roadblock', 'follower', redis.port])
  bench.after(() => dismiss(crew))
  const pids = [redis.pid, leader.pid, ...crew.map(({ pid }) => pid)]
  let turn = 0
  return {
    name: ROADBLOCK,
    async round() {
      const barriers = Array.from({ length: BARRIERS }, (_, i) => `barrier-${turn}-${i}`)
      turn++
      const before = cpuOf(pids)
      const [took] = await Promise.all([leader, ...crew].map(hand => hand.ask<number[]>({ barriers })))
      return { latency: median(took as number[]), cpu: (cpuOf(pids) - before) / barriers.length }
    }
  }
}
