/** Tools that are programs which print one sample and end. */
import type { Tool } from '../tool.ts'
import { docker, podman } from './containers.ts'
import { jmap, jstack } from './jvms.ts'
import { openvswitch } from './openvswitch.ts'

export const repeated: Tool[] = [podman, docker, jmap, jstack, openvswitch]
