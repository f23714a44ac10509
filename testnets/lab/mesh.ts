/** A mesh of real daemons on hosts of a laboratory. */
import { Testnet, type TestnetInit } from '../testnet.ts'
import { Lab } from './lab.ts'
import type { Conditions } from './switch.ts'
import type { Topology } from './topology.ts'

export interface LabMesh {
  lab: Lab
  testnet: Testnet
  stop(): Promise<void>
}

export interface LabMeshInit extends Omit<TestnetInit, 'place' | 'peers'> {
  topology: Topology
  conditions?: Conditions
  /** Names of hosts, each of which gets a daemon of its name; all hosts if not given. The first founds the mesh. */
  peers?: string[]
  /** Changes the laboratory before the daemons start. */
  prepare?(lab: Lab): void
}

/** @returns when all daemons see all */
export async function startLabMesh({ topology, conditions, peers, prepare, ...init }: LabMeshInit): Promise<LabMesh> {
  const lab = await Lab.build(topology, conditions)
  try {
    prepare?.(lab)
    const names = peers ?? topology.hosts.map(({ name }) => name)
    const testnet = await Testnet.start({ ...init, peers: names, place: name => lab.place(name) })
    const stop = async () => {
      await testnet.stop()
      lab.close()
    }
    return { lab, testnet, stop }
  } catch (error) {
    lab.close()
    throw error
  }
}
