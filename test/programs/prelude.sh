# What the programs' shell texts use.

# Runs a command; prints what it used.
used() { /usr/bin/time -o usage.new -f 'cpu %U %S
peak %M' "$@"; code=$?; cat usage.new >> usage.out; return $code; }

# What a server has used so far: user and system time in seconds, the highest resident set in kilobytes.
usage() {
  awk -v tick="$(getconf CLK_TCK)" '{ print "cpu", $14 / tick, $15 / tick }' "/proc/$1/stat" >> usage.out
  awk '/^VmHWM/ { print "peak", $2 }' "/proc/$1/status" >> usage.out
}

# Waits until a port is listened on, for a minute at most.
listening() {
  for _ in $(seq 600); do
    grep -q "0100007F:$(printf %04X "$1") 00000000:0000 0A" /proc/net/tcp && return
    sleep 0.1
  done
  echo "nothing listens on port $1" >&2
  exit 1
}

# So many megabytes of text that compresses as text does, always the same.
text() { awk -v bytes="$(($1 * 1048576))" 'BEGIN { srand(1); while (n < bytes) { s = ""; for (i = 0; i < 12; i++) s = s " word" int(exp(9 * rand())); print s; n += length(s) + 1 } }'; }
