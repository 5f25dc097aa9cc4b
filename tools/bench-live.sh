# Clients that hold a request: memory of the server, and how soon a change is with all of them. Sourced by tools/bench.
source "$root/tools/bench-clients.sh"

# As many connections of nginx, each after one answered request; master and worker together.
nginx_memory() {
    cat >"$work/nginx.conf" <<TEXT
daemon off; worker_processes 1; worker_rlimit_nofile $(ulimit -n); pid $work/nginx.pid; error_log $work/nginx.log;
events { worker_connections $(($1 + 64)); }
http { access_log off; keepalive_timeout 600s; client_body_temp_path $work/n1; proxy_temp_path $work/n2;
    fastcgi_temp_path $work/n3; uwsgi_temp_path $work/n4; scgi_temp_path $work/n5;
    server { listen 127.0.0.1:$nginx_port backlog=4096; location / { return 200 "here\n"; } } }
TEXT
    "$nginx" -c "$work/nginx.conf" -p "$work" 2>/dev/null &
    nginx_pid=$!
    local left=100
    until (exec 7<>"/dev/tcp/127.0.0.1/$nginx_port") 2>/dev/null; do
        left=$((left - 1))
        [ $left -gt 0 ] || { echo "nginx does not answer: $(tail -1 "$work/nginx.log")" >&2; exit 1; }
        sleep 0.05
    done
    begin_clients idle "$nginx_port" / "$1"
    sleep 1
    local pid sum=0
    for pid in $nginx_pid $(cat /proc/"$nginx_pid"/task/*/children); do sum=$((sum + $(status_field "$pid" VmRSS))); done
    end_clients
    kill "$nginx_pid"
    wait "$nginx_pid" 2>/dev/null || true
    nginx_pid=
    echo "$sum" >>"$work/nginx-memory"
}
nginx=$(command -v nginx || ls /usr/sbin/nginx 2>/dev/null || true)
nginx_port=$((20000 + RANDOM % 10000))
[ -n "$nginx" ] || echo "    nginx is missing, so nothing stands beside the held clients; on Debian: apt-get install nginx-light"

for count in "${held_counts[@]}"; do
    if [ $((count * 2 + 2048)) -gt "$(ulimit -n)" ] && [ $((count + 2048)) -gt "$(ulimit -n)" ]; then
        echo "    $count clients need more open files: ulimit -n $((count + 2048))"
        continue
    fi
    name=held$count
    make_server "$name" 5000 500
    : >"$work/clients-$count"
    whole_clients "$name" "$count" "$work/clients-$count"
    stop_server
    : >"$work/held-memory"; : >"$work/nginx-memory"
    for round in $(seq "$held_rounds"); do
        serve "$name" 0
        begin_clients hold "$port" "$work/clients-$count" "$count"
        until_held "$count"
        status_field "$server_pid" VmRSS >>"$work/held-memory"
        end_clients
        stop_server
        [ -z "$nginx" ] || nginx_memory "$count"
    done
    memory=$(median <"$work/held-memory") limit=$([ "$count" -gt 1000 ] && echo 160 || echo 32)
    row "$count held clients, server resident" "$(mib "$memory") MiB" "$(spread <"$work/held-memory") KiB" "< $limit" "$memory < $limit * 1024"
    if [ -s "$work/nginx-memory" ]; then
        beside=$(median <"$work/nginx-memory")
        ratios "$work/held-memory" "$work/nginx-memory" >"$work/ratio"
        row "nginx with as many connections" "$(mib "$beside") MiB" "$(spread <"$work/nginx-memory") KiB"
        promise "$count held clients" "$(mib "$memory") MiB" "nginx" "$(mib "$beside") MiB" "$(median <"$work/ratio")" "$(spread <"$work/ratio")" "< $limit MiB" "$memory < $limit * 1024"
    else
        promise "$count held clients" "$(mib "$memory") MiB" "" "" "" "" "< $limit MiB" "$memory < $limit * 1024"
    fi
done

# Desks who see everything and account managers of one customer each, on two machines.
desks=$((live_clients / 40 > 8 ? live_clients / 40 / 8 * 8 : 8))
make_server live 20000 $((live_clients / 2 + 10))
: >"$work/clients-live"; : >"$work/keys-live"
whole_clients live "$desks" "$work/clients-live"
server_customers live >"$work/customers-live"
manager_clients live $((live_clients - desks)) "$work/clients-live" "$work/customers-live" "$work/keys-live"
keys=$(shuf -n 60 --random-source=<(yes) "$work/keys-live" | paste -s -d,)
: >"$work/live-95"; : >"$work/live-99"; : >"$work/live-commit"
for round in $(seq "$live_rounds"); do
    run_live "$port" "$work/clients-live" "$live_clients" "$work/live.token" "$keys" 50 $((50 * live_seconds))
    told sent 2 >>"$work/live-95"
    told sent 3 >>"$work/live-99"
    told commit 2 >>"$work/live-commit"
done
stop_server
p95=$(median <"$work/live-95") p99=$(median <"$work/live-99")
row "live: $live_clients clients, 50 writes/s, p95" "$p95 ms" "$(spread <"$work/live-95")" "<= 20" "$p95 <= 20"
row "the same, p99" "$p99 ms" "$(spread <"$work/live-99")"
row "the same from the writer's reply on, p95" "$(median <"$work/live-commit") ms" "$(spread <"$work/live-commit")"
row "clients that a write concerns" "$(told concerned 1)"
row "writes in the last round, begun late" "$(told writes 1), $(told late 1)"
row "server meanwhile, resident" "$(mib "$live_memory") MiB"
row "server meanwhile, processor" "$live_cpu s" "of $(told seconds 1) s"
promise "live, $live_clients clients, 50 writes/s, p95" "$p95 ms" "" "" "" "$(spread <"$work/live-95")" "<= 20 ms" "$p95 <= 20"
