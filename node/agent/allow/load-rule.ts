/** Which targets the clients of a run may send requests to from this machine: `allow.load` of config.toml. Pure. */
import { globOf } from '../../../protocols/glob.ts'
import type { Refusal, Rules } from './allow.ts'

/** An owner who lists programs has not agreed to any request in the name of this machine, which programs of that list could not make. */
const usual = ({ exec }: Pick<Rules, 'exec'>) => exec === true

/** @param origins of `http` operations @returns why the first that is not allowed is not */
export function refuseLoad(rules: Pick<Rules, 'exec' | 'load'>, origins: string[]): Refusal | undefined {
  const rule = rules.load ?? usual(rules)
  if (rule === true) return undefined
  const fits = rule === false ? [] : rule.map(globOf)
  const refused = origins.find(origin => !fits.some(isLike => isLike(origin)))
  if (refused == null) return undefined
  const why =
    rules.load == null
      ? `lets no http operation send requests where allow.exec names programs: name targets, such as "${refused}"`
      : rule === false
        ? 'lets no http operation send requests'
        : `does not name ${refused}`
  return { rule: 'load', why }
}
