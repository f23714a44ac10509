/** The side of a service manager in sd_notify(3): a datagram socket in Python, because Node has none of the family AF_UNIX. */
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

interface Receiver {
  path: string
  /** @returns all notifications so far, once they fit */
  until(fits: (text: string) => boolean): Promise<string>
  close(): Promise<void>
}

export async function receiver(path: string): Promise<Receiver> {
  const child = spawn('python3', ['-c', SCRIPT, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', data => (text += data))
  await until(() => text.startsWith('listening') || undefined)
  return {
    path,
    until: fits => until(() => (fits(text) ? text : undefined)),
    close: async () => {
      const closed = once(child, 'close')
      child.kill('SIGKILL')
      await closed
    }
  }
}
