/* sieve LIMIT ROUNDS: counts the primes below LIMIT, so many times, and says how long each took. */
#include "clock.h"
#include "sieve.h"

#include <stdio.h>
#include <stdlib.h>

static long number_in(const char *text) {
  char *end;
  long number = strtol(text, &end, 10);
  return end == text || *end != '\0' || number < 1 ? -1 : number;
}

int main(int argc, char **argv) {
  long limit = argc == 3 ? number_in(argv[1]) : -1;
  long rounds = argc == 3 ? number_in(argv[2]) : -1;
  if (limit < 0 || rounds < 0) {
    fprintf(stderr, "usage: sieve LIMIT ROUNDS\n");
    return 64;
  }
  for (long round = 1; round <= rounds; round++) {
    double began = now_ms();
    long primes = count_primes(limit);
    double took = now_ms() - began;
    if (primes < 0) {
      fprintf(stderr, "sieve: no memory for %ld\n", limit);
      return 1;
    }
    printf("round %ld: %ld primes in %.3f ms\n", round, primes, took);
    printf("#BAK:METRIC round=%.3f ms\n", took);
  }
  return 0;
}
