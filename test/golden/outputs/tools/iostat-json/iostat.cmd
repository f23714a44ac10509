TZ=UTC LC_ALL=C.UTF-8 S_COLORS=never S_TIME_FORMAT=ISO iostat -N -t -y -x -m -o JSON 1
