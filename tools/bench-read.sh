# Reading commands and a daemon at rest with many records, and its start with a long queue. Sourced by tools/bench.

# Each customer can have ten labels in one request: as many customers as the queue needs, and room.
make_server show "$show_rows" $((queue / 10 > 500 ? queue / 10 : 500))
set_up show "$work/show.token"
person daemon start >/dev/null
person sync --wait --timeout 600 >/dev/null
show_peak=$(status_field "$(daemon_pid "$FIELDBOOK_HOME")" VmHWM)
person daemon stop >/dev/null
person daemon start >/dev/null
person sync --wait >/dev/null
resting=$(daemon_pid "$FIELDBOOK_HOME")
sleep 2
woken=$(calc "$(woken_in "$resting" "$rest_seconds") / $rest_seconds" %.1f)
resident=$(status_field "$resting" VmRSS)

# The same query by the shell of SQLite: the customer, what it has used, its sums by cycle, whole and fraction apart.
shown="SELECT c.*, u.amount, u.as_of, b.amount, f.freezes, m.account_name, l.label, d.percent_bp FROM customer c
    LEFT JOIN usage u ON u.key = c.key LEFT JOIN budget b ON b.key = c.key LEFT JOIN freezes f ON f.key = c.key
    LEFT JOIN manager m ON m.key = c.key LEFT JOIN label l ON l.key = c.key LEFT JOIN discount d ON d.key = c.key
    WHERE c.account_name = 'acct-3-0';
    SELECT y.cycle, y.status, y.as_of, r.currency, count(*),
        sum(r.official_amount / 100000000), sum(r.official_amount % 100000000),
        sum(r.payment_amount / 100000000), sum(r.payment_amount % 100000000)
    FROM bill_record r JOIN cycle y ON y.key = r.cycle
    WHERE r.customer = (SELECT key FROM customer WHERE account_name = 'acct-3-0') GROUP BY y.cycle, y.status, r.currency"
timed() { "$work/baseline" time 11 "$@"; }
: >"$work/show-f"; : >"$work/show-c"; : >"$work/alone"
for round in $(seq "$rounds"); do
    timed "$bin/fieldbook" customers show acct-3-0 | awk '{ print $2 }' >>"$work/show-f"
    timed "$bin/fieldbook" | awk '{ print $2 }' >>"$work/alone"
    ! command -v sqlite3 >/dev/null || timed sqlite3 -readonly "$FIELDBOOK_HOME/state/replica.db" "$shown" | awk '{ print $2 }' >>"$work/show-c"
done
stop_server

# Labels of customers in turn, ten of each in one request, of which none goes into another.
server_customers show | awk '{ print $2 }' >"$work/names"
for ((from = 1; from < queue / 10; from += 50)); do
    awk -v from="$from" -v end="$((queue / 10))" 'NR >= from && NR < from + 50 && NR <= end {
        for (i = 0; i < 10; i++) print "label set " $1 " visit-" i }' "$work/names" | person edits batch - >/dev/null
done
person daemon stop >/dev/null
queued=$(person status --json | awk -F'[:,]' '/^    "(saved|sent)"/ { sum += $2 } END { print sum + 0 }')
[ "$queued" -ge $((queue * 9 / 10)) ] || { echo "only $queued edits are queued" >&2; exit 1; }
: >"$work/ready"
for round in $(seq "$rounds"); do "$work/client" ready "$FIELDBOOK_HOME/run/daemon.sock" "$bin/fieldbookd" run >>"$work/ready"; done

ready=$(median <"$work/ready") show=$(median <"$work/show-f") alone=$(median <"$work/alone")
row "fieldbook alone, $show_rows bill records" "$alone ms" "$(spread <"$work/alone")" "<= 30" "$alone <= 30"
row "customers show, $show_rows bill records" "$show ms" "$(spread <"$work/show-f")" "<= 15" "$show <= 15"
if [ -s "$work/show-c" ]; then
    show_c=$(median <"$work/show-c")
    ratios "$work/show-f" "$work/show-c" >"$work/ratio"
    row "sqlite3, the same query" "$show_c ms" "$(spread <"$work/show-c")"
    promise "customers show, $show_rows records" "$show ms" "sqlite3" "$show_c ms" "$(median <"$work/ratio")" "$(spread <"$work/ratio")" "<= 15 ms" "$show <= 15"
else
    echo "    sqlite3 is missing, so nothing stands beside it; on Debian: apt-get install sqlite3"
    promise "customers show, $show_rows records" "$show ms" "" "" "" "$(spread <"$work/show-f")" "<= 15 ms" "$show <= 15"
fi
row "loading $show_rows bill records, peak" "$(mib "$show_peak") MiB" "" "<= 64" "$show_peak <= 65536"
promise "memory while loading $show_rows" "$(mib "$show_peak") MiB" "" "" "" "" "<= 64" "$show_peak <= 65536"
row "daemon at rest, resident" "$(mib "$resident") MiB" "" "<= 25" "$resident <= 25600"
row "daemon at rest, woken" "$woken /s" "" "<= 1" "$woken <= 1"
promise "idle daemon, $show_rows records" "$(mib "$resident") MiB" "" "" "" "" "<= 25" "$resident <= 25600"
promise "idle daemon, woken" "$woken /s" "" "" "" "" "<= 1" "$woken <= 1"
row "start, $queued edits queued" "$ready ms" "$(spread <"$work/ready")" "<= 300" "$ready <= 300"
promise "start, $show_rows records, $queued edits" "$ready ms" "" "" "" "$(spread <"$work/ready")" "<= 300" "$ready <= 300"
