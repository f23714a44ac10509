TZ=UTC LC_ALL=C.UTF-8 S_COLORS=never S_TIME_FORMAT=ISO pidstat -H -h -u -r -d -w -t -p SELF 1
