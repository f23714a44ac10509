import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { programOf } from '../../node/tools/shell-line.ts'

const test = suite('the program of a command')
const line = (text: string) => ['/bin/sh', '-c', text]
const table: Array<[command: string[], program: string | undefined]> = [
  [['tcpdump', '-i', 'eth0'], 'tcpdump'],
  [['/bin/sh'], '/bin/sh'],
  [['sh', 'script.sh'], 'sh'],
  [line('tcpdump -i eth0 -w net.pcap'), 'tcpdump'],
  [line('  /opt/my-tool --out "$PWD"'), '/opt/my-tool'],
  [line('exec tcpdump -i eth0'), 'tcpdump'],
  [line('LANG=C exec tcpdump -i eth0'), 'tcpdump'],
  [line('tcpdump; echo over'), 'tcpdump'],
  [line('tcpdump|gzip'), undefined],
  [line('PATH=/opt tcpdump'), undefined],
  [line('while :; do date; sleep 1; done'), undefined],
  [line('cd /opt && ./tool'), undefined],
  [line('"$TOOL" -a'), undefined],
  [line('(tcpdump -i eth0)'), undefined],
  [line('run() { date; }; run'), undefined],
  [line('run () { date; }; run'), undefined],
  [line('# only a comment'), undefined],
  [line('x=1'), undefined],
  [['bash', '-c', 'perf stat -a'], 'perf'],
  [['python3', '-c', 'print()'], 'python3']
]
for (const [command, program] of table) {
  test(`of ${command.join(' ')} is ${program ?? 'for the shell to tell'}`, () => assert.is(programOf(command), program))
}
test.run()
