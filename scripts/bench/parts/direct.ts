/** From relayed to direct: takes networks of its own, and is measured by a testnet. */
import { BAK, type Budget, type Figure, figure } from '../figure.ts'

export async function* measure(): AsyncGenerator<Figure> {
  const why =
    'npm run testnet nat -- --matrix --tries 100 measures it, as root and for long: NATs in namespaces, 40 ms of round trip'
  const unknown = (says: string): Budget => ({ says, holds: () => undefined })
  yield figure('from relayed to direct, each pair of NATs that can be', 'of 100', '', [{ name: BAK, absent: why }], {
    budgets: [unknown('>= 95 of 100'), unknown('median <= 2 s')]
  })
}
