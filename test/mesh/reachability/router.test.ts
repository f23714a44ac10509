import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { routerIn } from '../../../node/mesh/reachability/router.ts'

const test = suite('the router of this machine')

const head = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n'
const route = (destination: string, gateway: string, flags = '0003', metric = 0) =>
  `eth0\t${destination}\t${gateway}\t${flags}\t0\t0\t${metric}\t00000000\t0\t0\t0\n`
const lan = route('0001A8C0', '00000000', '0001')

const cases: Array<[title: string, table: string, router: string | undefined]> = [
  ['nothing', '', undefined],
  ['no way out', head + lan, undefined],
  ['one way out', head + lan + route('00000000', '0101A8C0'), '192.168.1.1'],
  [
    'two ways out: the cheaper',
    head + route('00000000', '0100000A', '0003', 600) + route('00000000', '0101A8C0', '0003', 100),
    '192.168.1.1'
  ],
  ['a way out without a router, as of a tunnel', head + route('00000000', '00000000', '0001'), undefined],
  ['one that is down', head + route('00000000', '0101A8C0', '0002'), undefined],
  ['what is no table', 'hello\nworld\n\t\t\t\n', undefined]
]
for (const [title, table, router] of cases) {
  test(title, () => assert.is(routerIn(table), router))
}

test.run()
