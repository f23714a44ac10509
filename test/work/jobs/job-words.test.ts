import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { argvOfJob, broughtByJob, judgedWordsOf } from '../../../node/work/jobs/job-words.ts'
import { jobOf } from './hosted-jobs.ts'

const test = suite('the words of a job')

for (const [what, job, argv] of [
  ['a script has the shell that stops at the first error', jobOf('a', 'make'), ['/bin/sh', '-e', '/at/script']],
  [
    'its first line may say what runs it',
    jobOf('a', '#!/usr/bin/env  python3 -u\nprint(1)'),
    ['/usr/bin/env', 'python3 -u', '/at/script']
  ],
  ['a line without more words has a program only', jobOf('a', '#! /bin/bash\t\ntrue'), ['/bin/bash', '/at/script']],
  ['the job may say it for its script', jobOf('a', 'x', { shebang: '#!/bin/dash' }), ['/bin/dash', '/at/script']],
  ['phases are one script', jobOf('a', '', { phases: { build: 'make' } }), ['/bin/sh', '-e', '/at/script']],
  ['a command is started as it is', jobOf('a', '', { command: ['cc', '-c', 'a b.c'] }), ['cc', '-c', 'a b.c']]
] as const) {
  test(what, () => assert.equal(argvOfJob(job, '/at/script'), argv))
}

test('who judges a script has its text, not a path', () => {
  assert.equal(judgedWordsOf(jobOf('a', 'cat /etc/passwd')), ['/bin/sh', '-e', '#!/bin/sh -e\ncat /etc/passwd\n'])
})

test('variables of all jobs and its own are what a job brings', () => {
  const spec = { jobs: { env: { A: '1', B: '1' }, fail_fast: false, cache: true, lines: 10 } }
  assert.equal(broughtByJob(jobOf('a', '', { command: ['true'], env: { B: '2' } }), spec), {
    ...{ kind: 'job', name: 'a', commands: [['true']], env: { A: '1', B: '2' } }
  })
})

test.run()
