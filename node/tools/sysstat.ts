/** Common to all programs of sysstat. They flush each sample, also to a file. */
export const sysstat = {
  package: 'sysstat',
  /** 24-hour times that do not depend on the locale. */
  env: { S_TIME_FORMAT: 'ISO' }
}
