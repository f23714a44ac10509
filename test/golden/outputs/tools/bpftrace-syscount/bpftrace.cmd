TZ=UTC LC_ALL=C.UTF-8 S_COLORS=never S_TIME_FORMAT=ISO bpftrace -e 'tracepoint:raw_syscalls:sys_enter { @calls[comm] = count(); }
interval:ms:1000 { time("time %s\n"); print(@calls, 20); clear(@calls); }'
