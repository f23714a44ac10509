/** Common to all programs of sysstat. They flush each sample, also to a file. */
export const sysstat = {
  package: 'sysstat'
}
