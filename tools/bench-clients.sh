# Many clients that hold a request, of one server; sourced by tools/bench and tools/growth after bench-world.sh, not run.

ulimit -n "$(ulimit -Hn)" 2>/dev/null || true

# Tokens of so many members as COUNT clients need who see everything, eight a token, twenty tokens a member. $1: name of the
# server, which serves, $2: COUNT, $3: file of clients.
whole_clients() {
    local made=0 tokens=0 account=
    while [ $made -lt "$2" ]; do
        if [ $((tokens % 20)) = 0 ]; then
            account=desk$((tokens / 20))
            "$bin/fieldbook-server" member add "$account" --role operator --data "$work/$1" --token-file "$work/token" --force 2>/dev/null
        else
            "$bin/fieldbook-server" token add "$account" --data "$work/$1" --out "$work/token" --force >/dev/null 2>&1
        fi
        echo "$(cat "$work/token") 8 *" >>"$3"
        tokens=$((tokens + 1)) made=$((made + 8))
    done
}
# Account managers of one customer and two machines each. $1: name of the server, $2: how many clients, $3: file of clients,
# $4: file of customers, keys and names. Writes the keys of the customers to the file $5.
manager_clients() {
    local made=0 key name
    while [ $made -lt "$2" ] && read -r key name; do
        "$bin/fieldbook-server" admin manager "$name" "of-$key" --data "$work/$1" >/dev/null
        "$bin/fieldbook-server" member add "of-$key" --role manager --customers "$name" --data "$work/$1" --token-file "$work/token" --force 2>/dev/null
        echo "$(cat "$work/token") 2 $key" >>"$3"
        echo "$key" >>"$5"
        made=$((made + 2))
    done <"$4"
}

# Begins $work/held with these arguments and waits until it holds all.
begin_clients() {
    rm -f "$work/clients.in" "$work/clients.out"
    mkfifo "$work/clients.in"
    "$work/held" "$@" <"$work/clients.in" >"$work/clients.out" 9>&- &
    client_pid=$!
    exec 9>"$work/clients.in"
    until grep -q held "$work/clients.out" 2>/dev/null; do
        kill -0 "$client_pid" 2>/dev/null || { echo "the clients ended early" >&2; exit 1; }
        sleep 0.1
    done
}
# Ends them. Fails when they failed.
end_clients() {
    local code=0
    exec 9>&-
    wait "$client_pid" || code=$?
    client_pid=
    return $code
}
# Waits until the server holds so many requests, all of them asleep.
until_held() {
    local left=300 held
    until held=$(metric fieldbook_server_held_requests) && [ "${held%.*}" -ge "$1" ]; do
        left=$((left - 1))
        [ $left -gt 0 ] || { echo "the server holds $held requests of $1" >&2; exit 1; }
        sleep 0.1
    done
    sleep 1
}
# A figure of live clients. $1: its name, $2: which of the line.
told() { awk -v name="$1" -v place="$2" '$1 == name { print $(place + 1) }' "$work/clients.out"; }

# COUNT clients to whom writes are told as they come. $1: port, $2: file of clients, $3: COUNT, $4: file of the writer's
# token, $5: keys with commas, $6: writes a second, $7: writes. Then `told` has figures; sets live_cpu and live_memory.
run_live() {
    local cpu
    begin_clients live "$1" "$2" "$3" "$(cat "$4")" "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')" "$5" "$6" "$7"
    until_held "$3"
    cpu=$(cpu_seconds "$server_pid")
    echo go >&9
    until grep -q '^commit' "$work/clients.out"; do
        kill -0 "$client_pid" 2>/dev/null || { echo "the clients ended early" >&2; exit 1; }
        sleep 0.2
    done
    live_cpu=$(calc "$(cpu_seconds "$server_pid") - $cpu")
    live_memory=$(status_field "$server_pid" VmRSS)
    end_clients || { echo "not all clients had all changes" >&2; exit 1; }
}
