#ifndef CLOCK_H
#define CLOCK_H

/* Milliseconds of a clock that nobody sets. */
double now_ms(void);

#endif
