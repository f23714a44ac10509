#!/usr/bin/env node
/** `bak-node`: the daemon, and the commands that manage its mesh and its service. */
import { cacheCode } from '../protocols/compile-cache.ts'

// `leave --purge` removes the cache too
if (!process.argv.includes('--purge')) cacheCode()
const { runProgram } = await import('./program.ts')
process.exitCode = await runProgram(process.argv.slice(2))
