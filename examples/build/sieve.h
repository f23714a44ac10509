#ifndef SIEVE_H
#define SIEVE_H

/* Number of primes below limit; -1 where there is no memory for that. */
long count_primes(long limit);

#endif
