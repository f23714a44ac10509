#!/usr/bin/env node
/** `bak-node`: the daemon, and the few commands that make, join and leave a mesh. */
import { cacheCode } from '../protocols/compile-cache.ts'

// what is to leave no trace leaves no cache either
if (!process.argv.includes('--purge')) cacheCode()
const { runProgram } = await import('./program.ts')
process.exitCode = await runProgram(process.argv.slice(2))
