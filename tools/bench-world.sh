# Servers and people of the bench, and its tables; sourced by tools/bench, tools/busy-load and tools/growth, not run.
# Before it: lib.sh, and bin, the folder of the programs.

work=$(mktemp -d "${TMPDIR:-/tmp}/fieldbook-bench.XXXXXX")
server_pid= client_pid= nginx_pid=
# A command before that of the server, to run it otherwise.
server_runner=
# What else the machine had to do when this began.
load_before=$(cut -d' ' -f1 /proc/loadavg)
finish() {
    local code=$? home pid
    trap - EXIT INT TERM
    exec 9>&-
    for home in "$work"/home-*; do
        [ ! -d "$home" ] || FIELDBOOK_HOME=$home "$bin/fieldbook" daemon stop >/dev/null 2>&1 || true
    done
    for pid in $client_pid $nginx_pid $server_pid; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

# A server with its data and one member. $1: name, $2: bill records, $3: customers (500 if not said), $4: bill records
# more of the first one.
make_server() {
    "$bin/fieldbook-server" init --data "$work/$1" --token-file "$work/admin-$1.token" 2>/dev/null
    "$bin/fieldbook-server" seed --data "$work/$1" --customers "${3:-500}" --bills "$2" --coupons 100 \
        --largest "${4:-0}" --seed 3 >/dev/null
    "$bin/fieldbook-server" member add ana --role operator --data "$work/$1" --token-file "$work/$1.token" 2>/dev/null
    serve "$1" 0
}
# $1: name, $2: port, 0 for any that is free. Sets port and metrics_port.
serve() {
    rm -f "$work/port"
    $server_runner "$bin/fieldbook-server" serve --data "$work/$1" --port "$2" --port-file "$work/port" --metrics 0 \
        >"$work/serve.out" 2>"$work/serve.log" &
    server_pid=$!
    wait_for_file "$work/port" 30
    port=$(cat "$work/port")
    metrics_port=
}
stop_server() { kill "$server_pid"; wait "$server_pid" 2>/dev/null || true; server_pid=; }
# A figure of the serving process. $1: its name.
metric() {
    [ -n "$metrics_port" ] || metrics_port=$(sed -n 's|^metrics on http://.*:\([0-9]*\)/.*|\1|p' "$work/serve.out")
    exec 8<>"/dev/tcp/127.0.0.1/$metrics_port"
    printf 'GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >&8
    sed -n "s/^$1 \([0-9.]*\).*/\1/p" <&8
    exec 8<&-
}

# A daemon of a home, of which `person` then is the command line. $1: name of the home, $2: file of a token.
set_up() {
    export FIELDBOOK_HOME=$work/home-$1
    person setup --server "http://127.0.0.1:$port" --token-file "$2" >/dev/null
}
person() { "$bin/fieldbook" --quiet "$@"; }
daemon_pid() { FIELDBOOK_HOME=$1 "$bin/fieldbook" --quiet status --json | sed -n 's/^  "pid": \([0-9]*\),/\1/p'; }
# Keys of the customers of a server and their account names, a line each. $1: name of the server.
server_customers() {
    "$bin/fieldbook-server" dump --data "$work/$1" --entity customer --show-personal |
        awk -F'"' '{ split($1, n, ","); print n[2], ($3 == "," ? $6 : $4) }'
}

# Of a process: a field of its status in KiB; seconds of processor time.
status_field() { sed -n "s/^$2:[ \t]*\([0-9]*\) kB/\1/p" "/proc/$1/status"; }
cpu_seconds() { sed 's/.*) //' "/proc/$1/stat" | awk -v tick="$(getconf CLK_TCK)" '{ printf "%.2f", ($12 + $13) / tick }'; }
# How often a process was woken in so many seconds, all its threads together. $1: process, $2: seconds.
woken_in() {
    local counts="awk '/^Pid:/ { pid = \$2 } /^voluntary_ctxt_switches/ { print pid, \$2 }' /proc/$1/task/*/status 2>/dev/null"
    { eval "$counts"; echo; sleep "$2"; eval "$counts"; } |
        awk 'NF == 0 { late = 1 } NF && !late { before[$1] = $2 } NF && late { sum += $2 - before[$1] } END { print sum + 0 }'
}

# Numbers, one a line.
median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
spread() { sort -g | awk 'NR == 1 { low = $1 } { high = $1 } END { print low " - " high }'; }
# The ratio of each round. $1: ours, $2: what it is beside.
ratios() { paste "$1" "$2" | awk '{ printf "%.2f\n", $1 / $2 }'; }
calc() { awk "BEGIN { printf \"${2:-%.2f}\", ($1) }"; }
mib() { calc "$1 / 1024" %.1f; }
verdict() { awk "BEGIN { print ($1) ? \"met\" : \"MISSED\" }"; }
# Runs the arguments and prints the seconds that they took.
seconds_of() {
    local begin=${EPOCHREALTIME/./}
    "$@" >/dev/null || return
    calc "(${EPOCHREALTIME/./} - $begin) / 1e6" '%.3f\n'
}

machine() {
    echo "machine: $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(awk '/MemTotal/ { printf "%.0f", $2 / 1048576 }' /proc/meminfo) GiB, load $load_before before; revision $(git -C "$root" rev-parse --short HEAD 2>/dev/null || echo unknown)"
}
# A line of the table: what, measured, spread, target, condition.
row() { printf '%-44s %14s %22s %10s %s\n' "$1" "$2" "${3:-}" "${4:-}" "${5:+$(verdict "$5")}"; }

# A line of the table at the end. $1: what, $2: ours, $3: what it is beside, $4: that, $5: ratio, $6: spread, $7: target,
# $8: condition; without one it was not measured.
promise() {
    printf '%s|%s|%s|%s|%s|%s|%s|%s\n' "$1" "$2" "$3" "$4" "$5" "$6" "$7" "${8:+$(verdict "$8")}" >>"$work/promises"
}
promises() {
    [ -s "$work/promises" ] || return 0
    echo
    machine
    echo "$1"
    { echo "what|ours|beside|that|ratio|spread|target|"; cat "$work/promises"; } | awk -F'|' '
        { for (i = 1; i <= 8; i++) { cell[NR, i] = $i; if (length($i) > wide[i]) wide[i] = length($i) } }
        END { for (r = 1; r <= NR; r++) { line = ""
            for (i = 1; i <= 8; i++) line = line sprintf("%-" wide[i] + 2 "s", cell[r, i])
            sub(/ +$/, "", line); print line } }'
}
