#include "sieve.h"

#include <stdlib.h>

long count_primes(long limit) {
  if (limit <= 2) return 0;
  /* a byte for each odd number: 1 is not prime, 2 is counted by itself */
  long odds = limit / 2;
  unsigned char *composite = calloc((size_t)odds, 1);
  if (composite == NULL) return -1;
  long found = 1;
  for (long i = 1; i < odds; i++) {
    if (composite[i]) continue;
    found++;
    long prime = 2 * i + 1;
    if (prime > (limit - 1) / prime) continue;
    for (long j = prime * prime / 2; j < odds; j += prime) composite[j] = 1;
  }
  free(composite);
  return found;
}
