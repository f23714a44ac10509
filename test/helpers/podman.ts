/** A tiny image in a storage of podman of its own: a shell and a few programs of this machine, so that nothing is fetched. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { needs } from './skip.ts'

const PROGRAMS = ['sh', 'cat', 'sleep', 'id', 'ls', 'touch', 'true']
export const IMAGE = 'localhost/bak-test:1'

/** @returns why no container can be run here; undefined if one can */
export function whyNoPodman(): string | undefined {
  if (process.getuid?.() !== 0) return 'it is not run by root'
  return needs('podman') ?? needs('unshare') ?? needs('setpriv')
}

/** Sets the variables by which podman, and daemons that are started from here, find the storage. @returns removes it */
export function makeImage(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'bak-podman-'))
  const tree = join(folder, 'tree')
  for (const each of ['bin', 'tmp', 'proc', 'dev', 'sys', 'etc']) mkdirSync(join(tree, each), { recursive: true })
  for (const name of PROGRAMS) copyProgram(name, tree)
  writeFileSync(join(folder, 'storage.conf'), storageIn(folder))
  // a machine may forbid to raise limits, and runc alone works without a unified hierarchy of cgroups
  writeFileSync(
    join(folder, 'containers.conf'),
    '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\nruntime = "runc"\n'
  )
  process.env.CONTAINERS_STORAGE_CONF = join(folder, 'storage.conf')
  process.env.CONTAINERS_CONF = join(folder, 'containers.conf')
  execFileSync('tar', ['-C', tree, '-cf', join(folder, 'image.tar'), '.'])
  execFileSync('podman', ['import', '--quiet', join(folder, 'image.tar'), IMAGE], { stdio: 'pipe' })
  return () => {
    delete process.env.CONTAINERS_STORAGE_CONF
    delete process.env.CONTAINERS_CONF
    // podman mounts it on itself
    spawnSync('umount', ['--lazy', join(folder, 'graph/overlay')])
    rmSync(folder, { recursive: true, force: true })
  }
}

const storageIn = (folder: string) =>
  `[storage]\ndriver = "overlay"\ngraphroot = "${folder}/graph"\nrunroot = "${folder}/run"\n`

/** With the libraries that it is linked with. */
function copyProgram(name: string, tree: string): void {
  const path = realpathSync(
    execFileSync('/bin/sh', ['-c', `command -v /bin/${name} || command -v /usr/bin/${name}`], {
      encoding: 'utf8'
    }).trim()
  )
  copyFileSync(path, join(tree, 'bin', name))
  chmodSync(join(tree, 'bin', name), 0o755)
  const libraries = execFileSync('ldd', [path], { encoding: 'utf8' }).match(/\/\S+\.so\S*/g) ?? []
  for (const each of libraries) {
    mkdirSync(join(tree, dirname(each)), { recursive: true })
    copyFileSync(realpathSync(each), join(tree, each))
  }
}
