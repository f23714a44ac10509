/** What Prometheus is told of the members. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { collectorOf, type Target } from '../../node/collectors/collector.ts'
import { loggerConfig, unknownIn } from '../../node/collectors/pmlogger.ts'
import { missingCollectors, neededCollectors } from '../../node/collectors/run-collectors.ts'
import { scrapeConfig } from '../../node/collectors/scrape-config.ts'

const test = suite('the configuration of collectors')

const target = (more: Partial<Target> = {}): Target => ({
  ...{ peer: 'p', member: 'a', labels: {}, group: 'default', tool: 'node-exporter', values: {}, interval: 3000 },
  ...{ port: 40_001, ...more }
})
const jobsOf = (targets: Target[]) =>
  (JSON.parse(scrapeConfig(targets)).scrape_configs as Array<Record<string, unknown>>).map(each => {
    return Object.fromEntries(Object.entries(each).filter(([key]) => !(key in limits)))
  })
/** What a member may answer. */
const limits = {
  ...{ follow_redirects: false, honor_timestamps: false, body_size_limit: '16MB', sample_limit: 100_000 },
  ...{ label_limit: 128, label_name_length_limit: 256, label_value_length_limit: 4_096 }
}

test('names each member, by its labels, at its port of this machine', () => {
  const labels = { role: 'db', 'rack/row': '7', '2nd': 'x', __name__: 'y', member: 'other', job: 'z' }
  assert.equal(jobsOf([target({ labels }), target({ member: 'b', port: 40_002 })]), [
    {
      job_name: 'node-exporter every 3000 ms',
      scrape_interval: '3000ms',
      scrape_timeout: '3000ms',
      static_configs: [
        {
          targets: ['127.0.0.1:40001'],
          labels: {
            ...{ role: 'db', rack_row: '7', _2nd: 'x', _name__: 'y' },
            ...{ job: 'node-exporter', instance: 'a', member: 'a', group: 'default' }
          }
        },
        {
          targets: ['127.0.0.1:40002'],
          labels: { job: 'node-exporter', instance: 'b', member: 'b', group: 'default' }
        }
      ]
    }
  ])
})

test('lets no member answer without end, lead to other places, or say when it was', () => {
  const { scrape_configs } = JSON.parse(scrapeConfig([target(), target({ tool: 'dcgm' })]))
  for (const each of scrape_configs) assert.equal({ ...each, ...limits }, each)
})

test('has no character that YAML does not take, whatever the labels of members are', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\x7f', '\x80', '\u2028', '\uffff', '😀')),
      value => {
        const text = scrapeConfig([target({ labels: { role: value } })])
        assert.match(text, /^[\n\x20-\x7e\ud800-\udfff]*$/)
        assert.is(JSON.parse(text).scrape_configs[0].static_configs[0].labels.role, value)
      }
    )
  )
})

test('asks each tool in its own interval, and waits ten seconds at most', () => {
  const jobs = jobsOf([target(), target({ tool: 'dcgm' }), target({ interval: 60_000 })])
  assert.equal(
    jobs.map(each => [each.job_name, each.scrape_interval, each.scrape_timeout]),
    [
      ['node-exporter every 3000 ms', '3000ms', '3000ms'],
      ['dcgm every 3000 ms', '3000ms', '3000ms'],
      ['node-exporter every 60000 ms', '60000ms', '10000ms']
    ]
  )
})

test('of pmlogger has the metrics that are named, or the usual ones', () => {
  assert.is(loggerConfig(500, ' mem.util  disk '), 'log mandatory on 500 milliseconds {\n  mem.util\n  disk\n}\n')
  assert.match(loggerConfig(3000), /^log mandatory on 3000 milliseconds \{\n {2}kernel\.all\.load\n/)
})

test('of pmlogger that names a metric which is not there is known by its log', () => {
  const problem = (name: string) =>
    `Problem with lookup for metric "${name}" ... logging not activated\nReason: Unknown`
  assert.equal(unknownIn(`x\n${problem('a.b')}\n${problem('c')}\n${problem('a.b')}\nConfig parsed\n`), ['a.b', 'c'])
  assert.equal(unknownIn('Config parsed\n'), [])
})

test('is made for the collectors that the tools need', () => {
  const members = (...tools: string[]) => [{ tools: tools.map(tool => ({ group: 'default', tool, options: {} })) }]
  assert.equal(neededCollectors(members('sar', 'vmstat')), [])
  assert.equal(neededCollectors(members('dcgm', 'sar')), ['prometheus'])
  assert.equal(neededCollectors([...members('pcp'), ...members('node-exporter')]), ['prometheus', 'pcp'])
  assert.is(collectorOf({ tool: 'sar', options: {} }), undefined)
  assert.is(collectorOf({ tool: 'pcp', options: { command: ['own'] } }), undefined)
})

test('a controller without the program names it, with the package', async () => {
  const path = process.env.PATH
  process.env.PATH = '/nowhere'
  try {
    assert.equal(await missingCollectors(['prometheus', 'pcp'], 'a'), [
      {
        ...{ kind: 'collector', member: 'a', what: 'prometheus' },
        reason: 'not found on PATH; install the package prometheus (Fedora: golang-github-prometheus)'
      },
      { kind: 'collector', member: 'a', what: 'pmlogger', reason: 'not found on PATH; install the package pcp' }
    ])
  } finally {
    process.env.PATH = path
  }
})

test.run()
