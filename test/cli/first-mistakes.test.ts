/** A line of the shell that was given as one word is refused, with the line that was meant. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { refuseShellLine } from '../../cli/first-mistakes.ts'

const refusalOf = (...command: string[]): string | undefined => {
  try {
    refuseShellLine(command, '/')
  } catch (error) {
    return (error as Error).message
  }
}

const lines = ['cat x | sort', 'a && b', 'sleep 1; true', 'echo $HOME', 'ls *.txt', 'x > y', 'sleep 1', '(a)']
for (const line of lines) {
  test(`${line} in one word is a line of the shell`, () => assert.match(refusalOf(line) ?? '', `sh -c '${line}'`))
}

const commands = [['true'], ['sh', '-c', 'a | b'], ['/bin/sh'], ['./a-b_c.sh'], ['échantillon'], ['a=b']]
for (const words of commands) {
  test(`${words.join(' ')} is a command`, () => assert.is(refusalOf(...words), undefined))
}

test.run()
