/** The text of the script of a job, as its member writes it to a file. Pure. */
import type { Job } from './job.ts'

/**
 * @returns the script with the line that says what runs it; of phases one script, in which each phase is said before it begins; undefined for a
 * job that has a command
 */
export function scriptOf({ script, phases, shebang }: Pick<Job, 'script' | 'phases' | 'shebang'>): string | undefined {
  const text = script ?? phases?.map(phaseText).join('')
  if (text == null) return undefined
  const whole = script?.startsWith('#!') ? script : `${shebang}\n${text}`
  return whole.endsWith('\n') ? whole : `${whole}\n`
}

/** The name of a phase has no character that a shell would read otherwise than as itself within quotes. */
function phaseText({ name, script }: NonNullable<Job['phases']>[number]): string {
  return `echo '#BAK:PHASE ${name}'\n${script}${script.endsWith('\n') ? '' : '\n'}`
}

/** @returns whether the shebang is of a shell, which is what says the phases of a script: `#!/bin/sh -e`, `#!/usr/bin/env bash` */
export const isOfShell = (shebang: string): boolean =>
  /^#!\s*(\S*\/)?(env\s+(-S\s+)?(\S*\/)?)?(ba|da|z|k|mk|a)?sh(\s|$)/.test(shebang)
