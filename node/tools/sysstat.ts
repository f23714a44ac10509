/** What all programs of sysstat share. They write each sample at once, also into a file: nothing need unbuffer them. */
export const sysstat = {
  package: 'sysstat',
  /** Times that do not depend on the locale, on a clock of 24 hours. */
  env: { S_TIME_FORMAT: 'ISO' }
}
