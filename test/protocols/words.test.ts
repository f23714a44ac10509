/** Names, words and variables as people may choose them. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import type { BakError } from '../../protocols/errors.ts'
import { name } from '../../protocols/fields.ts'
import { table } from '../../protocols/free-keys.ts'
import { own } from '../../protocols/own.ts'
import { expandTools } from '../../protocols/spec.ts'
import { decodeFile } from '../../protocols/utf8.ts'
import {
  callerVariables,
  collidingParameters,
  dropEmptyVariables,
  parameterVariable
} from '../../protocols/variables.ts'

const words = suite('names, words and variables')
const odd = ['constructor', 'prototype', '__proto__', 'toString', 'hasOwnProperty']

words('a table keeps every key of its own, and nothing else', () => {
  const given = JSON.parse(`{${odd.map(key => `"${key}":"x"`).join()}}`)
  const kept = v.parse(table(v.string(), v.string()), given)
  assert.equal(Object.keys(kept).sort(), [...odd].sort())
  assert.equal(Object.keys(v.parse(table(v.string(), v.string()), {})), [])
  assert.is(Object.getPrototypeOf(kept), Object.prototype)
})

words('what is wrong with such an entry is reported at its key', () => {
  const issues =
    v.safeParse(table(name, v.number()), JSON.parse('{"constructor":"x","__proto__":1,"a":2}')).issues ?? []
  assert.equal(issues.map(issue => v.getDotPath(issue)).sort(), ['__proto__', 'constructor'])
})

words('only own keys of a table are found', () => {
  for (const key of odd) assert.is(own({ a: 1 }, key), undefined)
  assert.equal(expandTools(odd), odd)
})

const PARAMETERS: Array<[string, string]> = [
  ['size', 'BAK_PARAM_SIZE'],
  ['block-size', 'BAK_PARAM_BLOCK_SIZE'],
  ['a.b@c#d', 'BAK_PARAM_A_B_C_D'],
  ['4k', 'BAK_PARAM_4K']
]
for (const [parameter, variable] of PARAMETERS) {
  words(`the parameter ${parameter} is the variable ${variable}`, () =>
    assert.is(parameterVariable(parameter), variable)
  )
}

words('parameters that would be one variable are found', () => {
  assert.equal(collidingParameters(['a', 'a-b', 'c', 'A_b']), ['a-b', 'A_b'])
  assert.equal(collidingParameters(['a', 'A']), ['a', 'A'])
  assert.is(collidingParameters(['a', 'b']), undefined)
})

words('empty variables of bak are dropped, and no others', () => {
  const env = { BAK_HOME: '', BAK_RUN_ON: 'x', BAK_JSON: '0', PATH: '', NO_COLOR: '' }
  dropEmptyVariables(env)
  assert.equal(env, { BAK_RUN_ON: 'x', BAK_JSON: '0', PATH: '', NO_COLOR: '' })
})

words('variables that the launcher could not hand on are unpacked', () => {
  const packed = Buffer.from('my.var=a=b\n\0a-b=\0').toString('base64')
  assert.equal(callerVariables({ A: '1', BAK_ODD_VARIABLES: packed }), { A: '1', 'my.var': 'a=b\n', 'a-b': '' })
})

words('a file that is no UTF-8 is refused with the line and its bytes; a byte order mark is left out', () => {
  assert.is(decodeFile(Buffer.from('\ufeffname = "caf\u00e9"\r\n'), 'f', 'bad-config'), 'name = "caf\u00e9"\r\n')
  const wrong = () => decodeFile(Buffer.from('a\nb\ncaf\xe9\n', 'latin1'), 'f.toml', 'bad-config')
  assert.throws(
    wrong,
    (error: BakError) => error.code === 'bad-config' && error.message === 'f.toml:3: is not UTF-8: caf\\xe9'
  )
})

words.run()
