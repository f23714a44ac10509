/** Folded stacks, cut down to what can be seen. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { largestStacks } from '../../../cli/report/flames.ts'

const test = suite('stacks of a report')

test('equal stacks are added up, those that were seen most come first', () => {
  assert.is(largestStacks('a;b 1\nc 5\na;b 3\n', 1000), 'c 5\na;b 4')
})

test('names of functions have spaces, and what is no stack is left out', () => {
  assert.is(
    largestStacks('x;operator new(unsigned long) 2\nnothing\n 3\nx -1\n\n', 1000),
    'x;operator new(unsigned long) 2'
  )
})

test('what has no room is counted in a line of its own', () => {
  assert.is(largestStacks('long;stack;of;names 9\na 1\nb 1\n', 8), 'a 1\nb 1\n(other) 9')
})

test.run()
