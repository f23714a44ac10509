/** Processors: model, topology, caches, frequencies. */
import { type Collector, list, pairsOf, read, readAll, readNumber } from './collector.ts'

const SYS = '/sys/devices/system/cpu'
const FREQUENCY_FACTS = (
  'affected_cpus scaling_driver scaling_governor scaling_min_freq scaling_max_freq cpuinfo_min_freq cpuinfo_max_freq ' +
  'energy_performance_preference'
).split(' ')

export const cpu: Collector = {
  async collect() {
    const processors = ((await read('/proc/cpuinfo')) ?? '').split('\n\n').map(block => pairsOf(block))
    const first = processors[0] ?? {}
    return {
      model: first['model name'] ?? first.Model ?? first['CPU part'],
      vendor: first.vendor_id ?? first['CPU implementer'],
      family: first['cpu family'],
      stepping: first.stepping,
      microcode: first.microcode,
      ...(await topology()),
      ...(await readAll(SYS, ['online', 'offline', 'isolated', 'nohz_full', 'smt/active', 'smt/control'])),
      boost: await readNumber(`${SYS}/cpufreq/boost`),
      noTurbo: await readNumber(`${SYS}/intel_pstate/no_turbo`),
      pstate: { intel: await read(`${SYS}/intel_pstate/status`), amd: await read(`${SYS}/amd_pstate/status`) },
      idleDriver: await read(`${SYS}/cpuidle/current_driver`),
      idleGovernor: await read(`${SYS}/cpuidle/current_governor`),
      idleStates: await idleStates(),
      caches: await caches(),
      governors: await governors(),
      /** Of each processor, at this moment. */
      mhz: processors.flatMap(each => (each['cpu MHz'] == null ? [] : Number(each['cpu MHz']))),
      flags: (first.flags ?? first.Features ?? '').split(' ')
    }
  }
}

async function topology() {
  const names = (await list(SYS)).filter(name => /^cpu\d+$/.test(name))
  const parts = ['physical_package_id', 'core_id']
  const places = await Promise.all(names.map(name => readAll(`${SYS}/${name}/topology`, parts)))
  return {
    processors: names.length,
    sockets: new Set(places.map(place => place.physical_package_id)).size,
    cores: new Set(places.map(place => `${place.physical_package_id}/${place.core_id}`)).size
  }
}

async function caches() {
  const folder = `${SYS}/cpu0/cache`
  const names = (await list(folder)).filter(name => name.startsWith('index'))
  return Promise.all(names.map(name => readAll(`${folder}/${name}`, ['level', 'type', 'size', 'shared_cpu_list'])))
}

/** Of the first processor: latency in us, and whether it is disabled. */
async function idleStates() {
  const folder = `${SYS}/cpu0/cpuidle`
  const names = await list(folder)
  return Promise.all(names.map(name => readAll(`${folder}/${name}`, ['name', 'latency', 'disable'])))
}

/** Frequencies are in kHz. */
async function governors() {
  const folder = `${SYS}/cpufreq`
  const names = (await list(folder)).filter(name => name.startsWith('policy'))
  return Promise.all(names.map(name => readAll(`${folder}/${name}`, FREQUENCY_FACTS)))
}
