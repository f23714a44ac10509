/** trace-cmd: events of the kernel's tracepoints, each with its time, in a buffer of its own beside what else is traced here. */
import { join } from 'node:path'
import { observingProgram, type Wanted } from '../observing-program.ts'
import { reasonOf, type Tried, tryProgram } from '../try-program.ts'
import { inOwnMounts, whyNever, whyNotNow } from './own-mounts.ts'

const EVENT = /^[\w*-]{1,64}(:[\w*-]{1,64})?$/
const INSTANCES = '/sys/kernel/tracing/instances'
/** Of the tools that run, by what they were told. */
const buffers = new WeakMap<Wanted, string>()
let made = 0
const newBuffer = () => `bak-${process.pid}-${++made}`

export const traceCmd = observingProgram({
  name: 'trace-cmd',
  summary: 'events of the kernel by its tracepoints, each with its time',
  needs: {
    debian: 'trace-cmd',
    fedora: 'trace-cmd',
    privilege: 'root, and tracefs that may be written to (no lockdown)'
  },
  hasInterval: false,
  settings: [
    {
      name: 'events',
      type: 'string',
      noPath: true,
      default: 'sched:sched_switch',
      summary: 'such as sched, kvm, block:block_rq_issue, with commas between them',
      check: text =>
        text.split(',').length <= 64 && text.split(',').every(each => EVENT.test(each))
          ? undefined
          : 'expected names of events, as trace-cmd list -e prints them'
    }
  ],
  size: 256,
  files: [{ name: 'trace.dat', what: 'for trace-cmd report -i' }],
  argv: ({ values }) => ['trace-cmd', 'record', '-o', 'trace.dat', ...eventsOf(values.events)],
  asStarted([program = '', record = '', ...words], wanted) {
    const buffer = newBuffer()
    buffers.set(wanted, buffer)
    return inOwnMounts('tracefs', [program, record, '-B', buffer, ...words])
  },
  output: 'trace.dat',
  grace: 10_000,
  versionFlag: '--version',
  whyNot: async () => whyNever('tracefs'),
  async tryOut({ values }) {
    const why = await whyNotNow('tracefs')
    if (why != null) return why
    const buffer = newBuffer()
    const argv = ['trace-cmd', 'start', '-B', buffer, ...eventsOf(values.events)]
    const tried = await tryProgram(await inOwnMounts('tracefs', argv))
    await removeBuffer(buffer)
    return tried.isDone ? undefined : causeFirst(tried)
  },
  async finish(_, wanted) {
    const buffer = buffers.get(wanted)
    if (buffer != null) await removeBuffer(buffer)
    return []
  }
})

const eventsOf = (events: unknown) => `${events}`.split(',').flatMap(each => ['-e', each])

/** It says what failed behind why: `trace-cmd: Operation not permitted`, `Can't enable ftrace`. */
function causeFirst(tried: Tried): string {
  const [why = '', what] = tried.stderr
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
  return what == null ? reasonOf(tried) : `${what}: ${why.replace(/^trace-cmd: /, '')}`.slice(0, 300)
}

/** One that had to be killed leaves its buffer, and what is traced into it. */
async function removeBuffer(name: string): Promise<void> {
  await tryProgram(await inOwnMounts('tracefs', ['rmdir', join(INSTANCES, name)]))
}
