/**
 * The client `bak` in the working folder of a workload: a POSIX shell script that becomes the first of perl, python3, nc and node that is there. A call
 * takes 8 ms with perl, 22 with python3, 15 with nc and 41 with node; nc comes after python3, because a shell that was killed leaves its nc waiting. It needs nothing of bak on the machine, which may be one without bak for the user that it runs as.
 *
 * Each client sends the words as a line, writes what it hears, and exits with the status of the answer.
 */
import { CALLS } from '../../../protocols/workload-socket.ts'

/**
 * The words are escaped and sent; `-` in the place of a value is read from stdin. AF_UNIX and SOCK_STREAM are 1 on Linux for x64 and arm64, so that
 * perl needs no module, which some machines have without it.
 */
const PERL = String.raw`
my @words = @ARGV;
if (($words[0] eq "put" || $words[0] eq "publish") && @words == 3 && $words[2] eq "-") {
  binmode STDIN; local $/; my $in = <STDIN>; $words[2] = defined $in ? $in : ""; $words[2] =~ s/\n\z//;
}
for (@words) { s/\\/\\\\/g; s/\n/\\n/g }
my $path = $ENV{BAK_SOCK};
my $s;
unless (socket($s, 1, 1, 0) && connect($s, pack("S a108", 1, $path))) {
  print STDERR "bak: no run answers at $path: $!\n"; exit 69;
} else {
  binmode $s; binmode STDOUT; $| = 1;
  select((select($s), $| = 1)[0]); print $s join(" ", @words), "\n";
  my %plain = ("\\\\" => "\\", "\\n" => "\n");
  while (my $line = <$s>) {
    chomp $line;
    if ($line =~ /^ok ?(.*)/s) {
      if ($words[0] eq "get") { (my $v = $1) =~ s/(\\[\\n])/$plain{$1}/g; print $v, "\n" }
      exit 0;
    }
    if ($line =~ /^error (\d+) (.*)/s) { print STDERR "bak: $2\n"; exit $1 }
    if ($line =~ /^message \d+ \S+ (.*)/s) { (my $v = $1) =~ s/(\\[\\n])/$plain{$1}/g; print $v, "\n" or exit 74 }
    if ($line =~ /^cut (\d+)/) { print STDERR "bak: $1 messages before these are not kept any more\n" }
  }
}
print STDERR "bak: the run is over here\n"; exit 69;
`

const PYTHON = String.raw`
import os, re, socket, sys
words = [os.fsencode(word) for word in sys.argv[1:]]
if words[0] in (b"put", b"publish") and len(words) == 3 and words[2] == b"-":
    words[2] = re.sub(rb"\n\Z", b"", sys.stdin.buffer.read())
def end(text, status):
    sys.stderr.write("bak: %s\n" % text)
    sys.exit(status)
def plain(value):
    return re.sub(rb"\\([\\n])", lambda found: b"\n" if found[1] == b"n" else b"\\", value)
out = sys.stdout.buffer
path = os.environ["BAK_SOCK"]
try:
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    s.sendall(b" ".join(word.replace(b"\\", b"\\\\").replace(b"\n", b"\\n") for word in words) + b"\n")
    for line in s.makefile("rb"):
        kind, _, rest = line[:-1].partition(b" ")
        if kind == b"ok":
            if words[0] == b"get":
                out.write(plain(rest) + b"\n")
                out.flush()
            sys.exit(0)
        if kind == b"error":
            status, _, text = rest.partition(b" ")
            end(text.decode("utf8", "replace"), int(status))
        if kind == b"message":
            out.write(plain(rest.split(b" ", 2)[2]) + b"\n")
            out.flush()
        if kind == b"cut":
            sys.stderr.write("bak: %s messages before these are not kept any more\n" % rest.decode())
except OSError as error:
    end("no run answers at %s: %s" % (path, error.strerror or error), 69)
end("the run is over here", 69)
`

const NODE = String.raw`
const words = process.argv.slice(1).map(word => Buffer.from(word).toString("latin1"))
const end = (text, status) => { process.stderr.write("bak: " + text + "\n", () => process.exit(status)) }
const plain = value => Buffer.from(value.replace(/\\([\\n])/g, (_, c) => c === "n" ? "\n" : "\\") + "\n", "latin1")
if ((words[0] === "put" || words[0] === "publish") && words.length === 3 && words[2] === "-")
  words[2] = require("fs").readFileSync(0, "latin1").replace(/\n$/, "")
const path = process.env.BAK_SOCK
const socket = require("net").connect(path)
socket.on("error", error => end("no run answers at " + path + ": " + error.code, 69))
socket.setEncoding("latin1")
socket.write(words.map(word => word.replace(/\\/g, "\\\\").replace(/\n/g, "\\n")).join(" ") + "\n", "latin1")
let rest = ""
socket.on("data", data => {
  const lines = (rest + data).split("\n")
  rest = lines.pop()
  for (const line of lines) {
    const [, kind, words2] = /^(\S*) ?(.*)$/s.exec(line)
    if (kind === "ok") return process.stdout.write(words[0] === "get" ? plain(words2) : "", () => process.exit(0))
    if (kind === "error") return end(Buffer.from(words2.replace(/^\d+ /, ""), "latin1").toString(), Number.parseInt(words2))
    if (kind === "message") process.stdout.write(plain(words2.replace(/^\d+ \S+ /, "")))
    if (kind === "cut") process.stderr.write("bak: " + words2 + " messages before these are not kept any more\n")
  }
})
socket.on("end", () => end("the run is over here", 69))
`

/** In single quotes of the shell. */
const quoted = (program: string) => `'${program.trim().replaceAll("'", `'\\''`)}'`

/** A POSIX shell script. */
export const CLIENT = `#!/bin/sh
# bak inside of a workload: its calls go to the socket of the run. See docs/scripts.md of bak.
case "$1" in
  ${CALLS.join(' | ')}) ;;
  *)
    # anything else is for bak itself, if it is behind this on the PATH
    IFS=:
    for folder in $PATH; do
      if [ "$folder/bak" != "$0" ] && [ -x "$folder/bak" ] && [ ! -d "$folder/bak" ]; then exec "$folder/bak" "$@"; fi
    done
    echo "bak: inside of a workload there are ${CALLS.join(', ')}; no other bak is on the PATH for: $*" >&2
    exit 64
    ;;
esac
if [ -z "$BAK_SOCK" ]; then
  echo "bak: $1 is called from inside of a workload: BAK_SOCK is not set" >&2
  exit 69
fi
has() { command -v "$1" > /dev/null 2>&1; }
case "\${BAK_CLIENT:-}" in
'')
    if has perl; then BAK_CLIENT=perl
    elif has python3; then BAK_CLIENT=python3
    elif has nc && nc -h 2>&1 | grep -q -e '-U'; then BAK_CLIENT=nc
    else BAK_CLIENT=node; fi
    ;;
esac
case "$BAK_CLIENT" in
  perl) exec perl -e ${quoted(PERL)} -- "$@" ;;
  python3) exec python3 -I -S -c ${quoted(PYTHON)} "$@" ;;
  node)
    if ! has node; then echo 'bak: none of perl, nc -U, python3 and node is on the PATH' >&2; exit 69; fi
    exec node -e ${quoted(NODE)} -- "$@"
    ;;
esac
# nc: a client that is killed is noticed when nc has ended
call=$1
escaped() { sed 's/\\\\/\\\\\\\\/g' | awk 'NR > 1 { printf "\\\\n" } { printf "%s", $0 }'; }
request() {
  if [ $# = 3 ] && [ "$3" = - ] && { [ "$1" = put ] || [ "$1" = publish ]; }; then
    printf '%s %s ' "$1" "$2"
    escaped
  else
    first=
    for word do
      printf '%s' "$first"
      printf '%s\\n' "$word" | escaped
      first=' '
    done
  fi
  printf '\\nquit\\n'
}
if [ ! -S "$BAK_SOCK" ]; then
  echo "bak: no run answers at $BAK_SOCK" >&2
  exit 69
fi
request "$@" | nc -U "$BAK_SOCK" | {
  while IFS= read -r line; do
    case "$line" in
      ok | ok\\ *)
        if [ "$call" = get ]; then value=\${line#ok}; printf '%b\\n' "\${value# }"; fi
        exit 0
        ;;
      error\\ *)
        line=\${line#error }
        printf 'bak: %s\\n' "\${line#* }" >&2
        exit "\${line%% *}"
        ;;
      message\\ *)
        line=\${line#message }
        line=\${line#* }
        printf '%b\\n' "\${line#* }"
        ;;
      cut\\ *) printf 'bak: %s messages before these are not kept any more\\n' "\${line#cut }" >&2 ;;
    esac
  done
  echo 'bak: the run is over here' >&2
  exit 69
}
`
