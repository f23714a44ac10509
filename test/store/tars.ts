/** Tar archives as a hostile maker likes them. */
import { Header, type HeaderData, Pax } from 'tar'

export type Entry = HeaderData & { body?: string }

/** @param end whether the mark of the end is there */
export function crafted(entries: Entry[], end = true): Buffer {
  const blocks: Buffer[] = []
  for (const { body = '', ...data } of entries) {
    const head = new Header({ mode: 0o644, mtime: new Date(0), type: 'File', ...data, size: data.size ?? body.length })
    if (head.encode()) blocks.push(new Pax({ path: data.path, linkpath: data.linkpath }).encode())
    blocks.push(head.block as Buffer, Buffer.from(body), Buffer.alloc((512 - (body.length % 512)) % 512))
  }
  return Buffer.concat([...blocks, Buffer.alloc(end ? 1024 : 0)])
}
