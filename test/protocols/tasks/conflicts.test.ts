/** Run files whose tasks cannot be: refused with the line of the key that is to be changed. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkSpec, readRunFile, writeRunFile } from '../../../protocols/run-file.ts'
import { elementsOf } from '../../../protocols/tasks/elements.ts'

const test = suite('conflicts of tasks')

/** A task of one line for each key, its header being line `at`. */
const OPERATION = '[[operation]]\nname = "get"\ntype = "http"\nurl = "http://127.0.0.1/"\n'
const task = (...keys: string[]) => `[[task]]\n${keys.join('\n')}\n`
const get = (...keys: string[]) => task('operation = "get"', ...keys)

const wrong: Array<[title: string, file: string, message: RegExp]> = [
  [
    'iterations beside a period',
    `${OPERATION}${get('iterations = 5', 'time_period = 5')}`,
    /^f:7: task\.0\.iterations: is given beside time_period: a task has iterations or periods/
  ],
  [
    'warm-up iterations beside a warm-up period',
    `${OPERATION}${get('warmup_time_period = 5', 'warmup_iterations = 5', 'time_period = 1')}`,
    /^f:8: .*is given beside time_period/
  ],
  [
    'iterations beside the period of the parallel',
    `${OPERATION}${get('parallel = "p"', 'iterations = 5')}[[parallel]]\nname = "p"\ntime_period = 5`,
    /^f:8: task\.0\.iterations: is given beside time_period of parallel p/
  ],
  [
    'a period beside iterations of the parallel',
    `${OPERATION}${get('parallel = "p"', 'time_period = 5')}[[parallel]]\nname = "p"\niterations = 5`,
    /^f:8: task\.0\.time_period: is given beside iterations of parallel p/
  ],
  [
    'a ramp-up without a warm-up',
    `${OPERATION}${get('time_period = 5', 'ramp_up_time_period = 2')}`,
    /^f:8: .*within warmup_time_period, which the task does not have/
  ],
  [
    'a ramp-up that is longer than the warm-up',
    `${OPERATION}${get('time_period = 5', 'warmup_time_period = 1', 'ramp_up_time_period = 2')}`,
    /^f:9: .*of 2 s has to end within warmup_time_period, which is 1 s/
  ],
  [
    'a ramp-up of one task of a parallel',
    `${OPERATION}${get('parallel = "p"', 'ramp_up_time_period = 2')}[[parallel]]\nname = "p"\nwarmup_time_period = 5\ntime_period = 5`,
    /^f:8: .*is of all tasks of a parallel: give it to parallel p/
  ],
  [
    'two targets',
    `${OPERATION}${get('target_throughput = 5', 'target_interval = 2')}`,
    /^f:8: .*beside target_throughput: a task has one of them/
  ],
  ['a rate with a broken unit', `${OPERATION}${get('target_throughput = "5 docs"')}`, /^f:7: .*such as "500 docs\/s"/],
  ['a rate of nothing', `${OPERATION}${get('target_throughput = "0 docs/s"')}`, /^f:7: .*from 0\.000001 to 1000000000/],
  ['a rate that no clock can have', `${OPERATION}${get('target_throughput = 1e300')}`, /^f:7: .*from 0\.000001 to/],
  [
    'an unknown operation',
    `${OPERATION}${task('operation = "gat"')}`,
    /^f:6: task\.0\.operation: there is no \[\[operation\]\] gat; did you mean get\?/
  ],
  [
    'an unknown operation of the set-up',
    `${OPERATION}${get()}[load]\nsetup = ["get", "x"]`,
    /^f:8: load\.setup\.1: there is no \[\[operation\]\] x; there are get/
  ],
  [
    'an unknown parallel',
    `${OPERATION}${get('parallel = "p"')}`,
    /^f:7: .*there is no \[\[parallel\]\] p: there is none at all/
  ],
  ['a parallel without tasks', `${OPERATION}${get()}[[parallel]]\nname = "p"`, /^f:7: .*no task has parallel = "p"/],
  [
    'tasks of a parallel that do not follow each other',
    `${OPERATION}${get('parallel = "p"', 'name = "a"')}${get('name = "b"')}${get('parallel = "p"', 'name = "c"')}[[parallel]]\nname = "p"`,
    /^f:14: .*tasks of p follow each other/
  ],
  [
    'an unknown task that completes',
    `${OPERATION}${get('parallel = "p"')}[[parallel]]\nname = "p"\ncompleted_by = "got"`,
    /^f:10: parallel\.0\.completed_by: there is no task of p that is called got; did you mean get\?/
  ],
  [
    'a task that is called any where any completes',
    `${OPERATION}${get('parallel = "p"', 'name = "any"')}[[parallel]]\nname = "p"\ncompleted_by = "any"`,
    /^f:11: .*rename the task/
  ],
  ['a warm-up that nothing ends', `${OPERATION}${get('warmup_time_period = 5')}`, /^f:7: .*it would never end/],
  [
    'a task that completes and never ends',
    `${OPERATION}${get('name = "a"', 'warmup_time_period = 5', 'parallel = "p"')}${get('name = "b"', 'iterations = 5', 'parallel = "p"')}[[parallel]]\nname = "p"\ncompleted_by = "a"`,
    /^f:8: .*it would never end/
  ],
  [
    'two tasks of one name',
    `${OPERATION}${get()}${get()}`,
    /^f:8: task\.1\.operation: another task is called get: give it a name/
  ],
  [
    'two operations of one name',
    `${OPERATION}${OPERATION}${get()}`,
    /^f:6: operation\.1\.name: is the name of another operation/
  ],
  ['a command', `command = "true"\n${OPERATION}${get()}`, /^f:1: command: is given beside tasks/],
  [
    'a client',
    `${OPERATION}${get()}[[workload]]\nname = "c"\ncommand = "true"`,
    /^f:7: .*c is a client, and tasks take its place/
  ],
  [
    'a server that is called as the driver',
    `${OPERATION}${get()}[[workload]]\nname = "load"\nrole = "server"\ncommand = "true"`,
    /^f:8: .*load is the name of their driver/
  ],
  [
    'words of a command',
    `${OPERATION}${get()}[[iterations]]\nname = "a"\nargs = ["x"]`,
    /^f:9: .*are words of a command/
  ],
  ['a trigger', `trigger = { start = "a" , stop = "b" }\n${OPERATION}${get()}`, /^f:1: trigger: /],
  ['a load without tasks', '[load]\ncores = 2', /^f:1: load: is for tasks, and there is no \[\[task\]\]/],
  [
    'no address',
    `${OPERATION.replace('http://127.0.0.1/', '/search')}${get()}`,
    /^f:4: operation\.0\.url: "\/search" is no address/
  ],
  [
    'no server of that name',
    `${OPERATION.replace('127.0.0.1', '{{web.address}}')}${get()}`,
    /^f:4: operation\.0\.url: there is no workload of servers web/
  ],
  [
    'too many clients',
    `${OPERATION}${get('clients = 60000', 'parallel = "p"')}${get('name = "b"', 'clients = 60000', 'parallel = "p"')}[[parallel]]\nname = "p"`,
    /^f:12: .*120000 clients at the same time/
  ],
  [
    'a parameter of an unknown task',
    `${OPERATION}${get()}[params]\n"got.clients" = [1, 2]`,
    /^f:8: params\.got\.clients: there is no task got; did you mean get\?/
  ],
  [
    'a parameter of an unknown key',
    `${OPERATION}${get()}[params]\n"get.client" = [1, 2]`,
    /^f:8: .*client is no key of a task .*did you mean clients\?/
  ],
  [
    'a parameter whose value the key cannot have',
    `${OPERATION}${get()}[params]\n"get.clients" = [1, "many"]`,
    /^f:8: .*many: /
  ],
  [
    'a parameter of an iteration that the task cannot have',
    `${OPERATION}${get('time_period = 5')}[[iterations]]\nname = "a"\nparams = { "get.iterations" = "5" }`,
    /^f:10: iterations\.0\.params: get\.iterations: is given beside time_period/
  ],
  [
    'a search without a threshold',
    `${OPERATION}${get()}[search]\nfrom = 1\nto = 2`,
    /^f:7: search: needs a \[\[threshold\]\]/
  ],
  [
    'a search from more to less',
    `${OPERATION}${get()}[search]\nfrom = 2\nto = 1`,
    /^f:9: search\.to: has to be more than from/
  ],
  [
    'a search of an unknown task',
    `${OPERATION}${get()}[search]\nfrom = 1\nto = 2\ntask = "x"`,
    /^f:10: search\.task: there is no task x/
  ],
  [
    'a search among several tasks',
    `${OPERATION}${get()}${get('name = "b"')}[search]\nfrom = 1\nto = 2`,
    /^f:10: search: task is missing: which of get, b/
  ],
  [
    'a search for parts of clients',
    `${OPERATION}${get()}[search]\nfrom = 1.5\nto = 2\nvary = "clients"`,
    /^f:8: search\.from: .*whole number/
  ],
  [
    'a search of too many values',
    `${OPERATION}${get()}[search]\nfrom = 1\nto = 2001\nstep = 1`,
    /^f:10: search\.step: makes 2001 values, and 1000 are the most/
  ],
  [
    'one table of tasks',
    '[task]\noperation = "get"',
    /^f:1: task: expected a list, got a table: it begins with \[\[task\]\]/
  ],
  [
    'an operation in its task of an unknown type',
    task('operation = { type = "htpp", url = "http://a/" }'),
    /^f:2: task\.0\.operation\.type: expected "http", "command" or "module", got "htpp"/
  ],
  [
    'an operation in its task without a type',
    task('operation = { url = "http://a/" }'),
    /^f:2: task\.0\.operation\.type: is missing: "http", "command" or "module"/
  ],
  [
    'an operation in its task with an unknown key',
    task('operation = { type = "http", url = "http://a/", header = { a = "b" } }'),
    /^f:2: task\.0\.operation\.header: is not a known key; did you mean headers\?/
  ],
  [
    'an operation that is neither a name nor a table',
    task('operation = 3'),
    /^f:2: task\.0\.operation: an operation is the name of an \[\[operation\]\], or a table with its type/
  ],
  [
    'a threshold on a metric that tasks do not have',
    `${OPERATION}${get()}[[threshold]]\nmetric = "get.latncy.p99"\nmax = 5`,
    /^f:8: threshold\.0\.metric: get has no metric latncy\.p99; did you mean latency\.p99\?/
  ],
  [
    'a threshold on a percentile that is not in the record',
    `${OPERATION}${get()}[[threshold]]\nmetric = "get.latency.p98"\nmax = 5`,
    /^f:8: threshold\.0\.metric: get has no metric latency\.p98; did you mean latency\.p9/
  ],
  [
    'a threshold on a task that is not there',
    `${OPERATION}${get()}[[threshold]]\nmetric = "got.latency.p99"\nmax = 5`,
    /^f:8: threshold\.0\.metric: there is no task got; did you mean get\?/
  ]
]
for (const [title, file, message] of wrong)
  test(`${title}: refused`, () => {
    try {
      readRunFile(file, 'f')
    } catch (error) {
      assert.is((error as { code: string }).code, 'bad-run-file')
      const lines = (error as Error).message.split('\n')
      assert.ok(
        lines.some(line => message.test(line)),
        lines.join('\n')
      )
      return
    }
    assert.unreachable('it is accepted')
  })

test('a schedule with all that there is is accepted, without a command, and read back from its effective spec', () => {
  const text = `${OPERATION}
[[workload]]
name = "web"
role = "server"
command = "nginx"
ready = { port = 80 }
[[operation]]
name = "served"
type = "http"
url = "/"
targets = ["http://{{web.address}}:80", "http://10.0.0.2:80"]
${get('name = "warm"', 'iterations = 100', 'warmup_iterations = 10')}${task('operation = "served"', 'parallel = "p"', 'clients = 8', 'target_throughput = "500 docs/s"')}${get('name = "beside"', 'parallel = "p"', 'clients = 2', 'target_interval = 2')}${task('name = "inline"', 'operation = { type = "command", command = ["true"] }')}[[parallel]]
name = "p"
clients = 4
warmup_time_period = 10
ramp_up_time_period = 10
time_period = "1m"
completed_by = "served"
[load]
setup = ["get"]
on_error = "abort"
[params]
"served.clients" = [8, 16]
bs = "4k"
`
  const spec = checkSpec(readRunFile(text, 'f'))
  assert.equal(
    spec.iterations.map(({ name }) => name),
    ['served.clients=8', 'served.clients=16']
  )
  assert.equal(checkSpec(readRunFile(writeRunFile(spec), 'spec.toml')), spec)
  const [warm, p, inline] = elementsOf(spec, spec.iterations[1]?.params)
  assert.equal([warm?.number, warm?.clients, warm?.tasks[0]?.iterations], [1, 1, 100])
  assert.equal([p?.number, p?.clients, p?.completedBy], [2, 4, 'served'])
  const [served, beside] = p?.tasks ?? []
  assert.is(served?.clients, 16)
  assert.equal(served?.throughput, { perSecond: 500, unit: 'docs' })
  assert.equal([served?.warmupPeriod, served?.period, served?.rampUp, served?.iterations], [10, 60, 10, undefined])
  assert.equal(beside?.throughput, { perSecond: 0.5, unit: 'ops' })
  assert.equal([inline?.tasks[0]?.operationName, inline?.tasks[0]?.iterations], ['command', 1])
})

test('in test mode each task is one iteration, without warm-up, ramp-up and rate', () => {
  const keys = [
    'clients = 3',
    'warmup_time_period = 5',
    'time_period = 60',
    'ramp_up_time_period = 5',
    'target_throughput = 5'
  ]
  const spec = checkSpec(readRunFile(`${OPERATION}${get(...keys)}[load]\ntest_mode = true`, 'f'))
  const [element] = elementsOf(spec)
  const { operation: _, ...planned } = element?.tasks[0] ?? {}
  assert.equal(planned, {
    ...{ name: 'get', operationName: 'get', clients: 3, schedule: 'deterministic', ignoreErrors: false },
    ...{ warmupIterations: 0, iterations: 1, rampUp: 0 }
  })
})

test('in test mode no threshold is judged, and of a search the first value is taken', () => {
  const limit = '[[threshold]]\nmetric = "get.latency.p99"\nmax = 20\n[search]\nfrom = 1\nto = 9\nstep = 1\n'
  const spec = checkSpec(readRunFile(`${OPERATION}${get('time_period = 60')}[load]\ntest_mode = true\n${limit}`, 'f'))
  assert.equal([spec.threshold, spec.search, spec.iterations.length], [undefined, undefined, 1])
})

for (const metric of ['get.latency.p99', 'get.throughput_1s', 'get.error_rate', 'cpu.busy', 'other.latency'])
  test(`a threshold on ${metric} is accepted`, () => {
    checkSpec(readRunFile(`${OPERATION}${get()}[[threshold]]\nmetric = "${metric}"\nmax = 20\n`, 'f'))
  })

test('beside servers, and of tools, a metric may have any name', () => {
  const limit = '[[threshold]]\nmetric = "got.latency.p99"\nmax = 20\n'
  const server = '[[workload]]\nname = "web"\nrole = "server"\ncommand = "true"\n'
  checkSpec(readRunFile(`${OPERATION}${get()}${limit}${server}`, 'f'))
  checkSpec(readRunFile(`${OPERATION}${get()}${limit}of = "tools"\n`, 'f'))
})

test('a parameter sets its key, and takes the place of the other target', () => {
  const spec = checkSpec(readRunFile(`${OPERATION}${get('target_interval = 2')}`, 'f'))
  const rateIn = (params: Record<string, string>) => elementsOf(spec, params)[0]?.tasks[0]?.throughput
  assert.equal(rateIn({}), { perSecond: 0.5, unit: 'ops' })
  assert.equal(rateIn({ 'get.target_throughput': '1e3' }), { perSecond: 1000, unit: 'ops' })
  assert.equal(rateIn({ 'get.target_throughput': '20 docs/s', 'other.key': 'x' }), { perSecond: 20, unit: 'docs' })
  assert.throws(() => rateIn({ 'get.target_throughput': '-3' }), /get\.target_throughput = -3: /)
})

test('a search makes an iteration of each value, and its effective spec is a run file too', () => {
  const search = '[search]\nfrom = 100\nto = 250\nstep = 40\n[[threshold]]\nmetric = "get.latency.p99"\nmax = 20\n'
  const spec = checkSpec(
    readRunFile(`${OPERATION}${get('time_period = 5', 'target_throughput = "5 docs/s"')}${search}`, 'f')
  )
  assert.equal(
    spec.iterations.map(({ params }) => params),
    [100, 140, 180, 220, 250].map(each => ({ 'get.target_throughput': `${each} docs/s` }))
  )
  assert.equal(checkSpec(readRunFile(writeRunFile(spec), 'spec.toml')), spec)
})

test.run()
