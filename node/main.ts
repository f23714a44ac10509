#!/usr/bin/env node
/** `bak-node`: the daemon, and the commands that manage its mesh and its service. */
import { cacheCode } from '../protocols/compile-cache.ts'

cacheCode()
const { runProgram } = await import('./program.ts')
const status = await runProgram(process.argv.slice(2))
// what a daemon that could not start has left open must not keep it
if (status !== 0) process.exit(status)
