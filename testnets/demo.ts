/**
 * `npm run demo`: four daemons and one run with real tools and a real workload, driven by a peer other than the founder; then its
 * result: the folder, what each member sent, and the verified certificates.
 */
import { spawn } from 'node:child_process'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type RunRecord, readRecord } from '../protocols/record.ts'
import { BAK, WORKLOAD } from './programs.ts'
import { Testnet } from './testnet.ts'

const PEERS = ['ada', 'bob', 'cleo', 'dan']
const DRIVER = 'cleo'

export async function main(): Promise<void> {
  const folder = join(tmpdir(), `bak-demo-${process.pid}`)
  await mkdir(folder, { recursive: true })
  say(
    `Starting ${PEERS.length} daemons on this machine: ${PEERS.join(', ')}; ${PEERS[0]} founds the mesh, the others join with its ticket.`
  )
  const testnet = await Testnet.start({ peers: PEERS, folder })
  try {
    await show(testnet, ['members'])
    await show(testnet, ['check', '--tools', 'proc,vmstat'])
    await show(testnet, ['run', '--tools', 'proc,vmstat', '--interval', '1', '--name', 'demo', '--', ...WORKLOAD, '4'])
    await show(testnet, ['show', 'last'])
    const runs = join(testnet.peer(DRIVER).home, 'runs')
    const run = join(runs, (await readdir(runs)).sort().at(-1) as string)
    const record = readRecord(await readFile(join(run, 'run.json'), 'utf8'))
    say(`\nThe result folder\n\n${run}\n${await tree(run, '  ', 2)}`)
    say(`\nWhat each member sent\n\n${table(record)}`)
    await show(testnet, ['verify', run])
  } finally {
    await testnet.stop()
  }
  say(`\nAll daemons have stopped. The results stay in ${folder}`)
}

/** Prints a command as a user would type it, and its output. @throws if it fails */
async function show(testnet: Testnet, args: string[]): Promise<void> {
  const shown = args.map(arg => (WORKLOAD.includes(arg) ? basename(arg) : arg)).join(' ')
  say(`\n${DRIVER}$ bak ${shown}\n`)
  const child = spawn(BAK, args, { stdio: 'inherit', env: { ...process.env, BAK_HOME: testnet.peer(DRIVER).home } })
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('exit', resolve)
    child.once('error', reject)
  })
  if (status !== 0) throw new Error(`bak ${args[0]} ended with ${status}; the logs are in ${testnet.folder}`)
}

async function tree(folder: string, indent: string, depth: number): Promise<string> {
  const entries = (await readdir(folder, { withFileTypes: true })).filter(entry => !entry.name.startsWith('.'))
  const lines = entries.map(async entry => {
    if (!entry.isDirectory()) return `${indent}${entry.name}\n`
    const path = join(folder, entry.name)
    if (depth > 0) return `${indent}${entry.name}/\n${await tree(path, `${indent}  `, depth - 1)}`
    return `${indent}${entry.name}/ (${(await readdir(path)).length} entries)\n`
  })
  return (await Promise.all(lines)).join('')
}

function table({ roster, sent }: RunRecord): string {
  const row = (cells: Array<string | number>) =>
    `  ${cells.map((cell, i) => String(cell).padEnd(i === 0 ? 8 : 20)).join('')}\n`
  const lines = roster.map(({ peer, name }) => {
    const theirs = sent.filter(each => each.peer === peer)
    const bytes = theirs.reduce((sum, each) => sum + each.bytes, 0)
    return row([name, theirs.length, bytes, theirs.map(each => each.what).join(', ')])
  })
  return row(['MEMBER', 'TARBALLS', 'BYTES', 'WHAT']) + lines.join('')
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
