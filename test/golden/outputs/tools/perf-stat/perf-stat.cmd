TZ=UTC LC_ALL=C.UTF-8 S_COLORS=never S_TIME_FORMAT=ISO perf stat '-x;' -I 1000 -o perf-stat.txt -e context-switches,task-clock,page-faults,cycles -a -A
