import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { commandLine } from '../../node/service/unit-quoting.ts'

const words = suite('quoting of a unit')

const samples: Array<[words: string[], line: string]> = [
  [['/usr/bin/bak-node', '--home', '/var/lib/bak'], '/usr/bin/bak-node --home /var/lib/bak'],
  [['--label=role=db', '/ip4/0.0.0.0/tcp/4001'], '--label=role=db /ip4/0.0.0.0/tcp/4001'],
  [['a b', ''], '"a b" ""'],
  [['100%', '$HOME', "it's"], '100%% "$$HOME" "it\'s"'],
  [['"', '\\', 'a\nb', ';'], '"\\"" "\\\\" "a\\x0ab" ";"']
]
for (const [given, line] of samples) words(line, () => assert.is(commandLine(given), line))

words('systemd reads back the words that were written', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary-ascii', maxLength: 20 }), { maxLength: 6 }), given => {
      assert.equal(readLine(commandLine(given)), given)
    }),
    { numRuns: 1_000 }
  )
})
words.run()

/** As systemd.syntax(7) and "Command lines" of systemd.service(5) say. */
function readLine(line: string): string[] {
  const found = [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)]
  return found.map(([, inQuotes, bare]) =>
    (inQuotes ?? bare ?? '')
      .replace(/\\x([0-9a-f]{2})|\\(.)/g, (_, code, letter) => letter ?? String.fromCharCode(Number.parseInt(code, 16)))
      .replaceAll('%%', '%')
      .replaceAll('$$', '$')
  )
}
