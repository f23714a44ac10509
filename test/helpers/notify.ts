/** A service manager for a test, as far as sd_notify(3) goes: a socket for datagrams, by Python, as Node has none. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { until } from './workspace.ts'

const SCRIPT = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True:
    print(s.recv(4096).decode(), flush=True)
`

export interface Receiver {
  path: string
  /** @returns all that was said so far, once it fits */
  until(fits: (text: string) => boolean): Promise<string>
  close(): Promise<void>
}

export async function receiver(path: string): Promise<Receiver> {
  const child = spawn('python3', ['-c', SCRIPT, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', data => (said += data))
  await until(() => said.startsWith('listening') || undefined)
  return {
    path,
    until: fits => until(() => (fits(said) ? said : undefined)),
    close: async () => {
      const closed = once(child, 'close')
      child.kill('SIGKILL')
      await closed
    }
  }
}
