/** The entry point of `npm run testnet`. */
import { runTestnet } from './program.ts'

await runTestnet(process.argv.slice(2))
