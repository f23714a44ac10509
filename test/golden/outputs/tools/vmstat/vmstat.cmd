TZ=UTC LC_ALL=C.UTF-8 S_COLORS=never S_TIME_FORMAT=ISO vmstat -a -n -t -w 1
