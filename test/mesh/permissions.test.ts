import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkOwnPermission, checkPermission, type Permission } from '../../node/mesh/permissions.ts'
import type { BakError } from '../../protocols/errors.ts'
import type { Role } from '../../protocols/membership.ts'

const test = suite('permissions')
const permissions: Permission[] = ['drive', 'cancel', 'register', 'collect', 'move', 'follow']
const roles: Array<[role: Role | undefined, may: boolean, words: string]> = [
  ['admin', true, ''],
  ['controller', true, ''],
  ['agent', false, 'an agent'],
  [undefined, false, 'no member of the mesh']
]

function refusalOf(act: () => void): BakError | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    return error as BakError
  }
}

for (const [role, may, words] of roles) {
  for (const permission of permissions) {
    test(`a peer that is ${role ?? 'unknown'} may ${may ? '' : 'not '}${permission}`, () => {
      const of = { roleOf: (peer: string) => (peer === 'p' ? role : 'admin') } as const
      const refusals = [
        refusalOf(() => checkPermission(of, 'p', permission)),
        refusalOf(() => checkOwnPermission(of, 'p', permission))
      ]
      for (const refusal of refusals) {
        assert.is(refusal?.code, may ? undefined : 'not-allowed')
        if (!may) assert.match(refusal?.message as string, `is ${words}: it may not `)
      }
      if (!may) assert.match(refusals[1]?.message as string, 'bak-node invite --role controller')
    })
  }
}

test.run()
