# First load end to end and what it costs; the bytes of a bill record, on the wire and in the file; export; a long list of
# conflicts. Sourced by tools/bench.

if [ -n "$focus" ]; then
    "$root/tools/focus-multiply" "$focus" --rows "$rows" --customers 500 --months 3 --out "$work/focus.csv" >/dev/null
    "$bin/fieldbook-server" init --data "$work/load" --token-file "$work/admin-load.token" 2>/dev/null
    begin=$(date +%s%N)
    "$bin/fieldbook-server" import focus "$work/focus.csv" --data "$work/load" >"$work/import"
    end=$(date +%s%N)
    import_s=$(awk "BEGIN { printf \"%.3f\", ($end - $begin) / 1e9 }")
    "$bin/fieldbook-server" member add ana --role operator --data "$work/load" --token-file "$work/load.token" 2>/dev/null
    serve load 0
else
    make_server load "$rows"
fi
dumps=()
for entity in partner cycle customer freezes budget usage contact discount manager label conflict coupon product region resource bill_record; do
    "$bin/fieldbook-server" dump --data "$work/load" --entity "$entity" --show-personal >"$work/$entity.ndjson"
    dumps+=("$work/$entity.ndjson")
done

load_all() { person daemon start && person sync --wait --timeout 600; }
: >"$work/c"; : >"$work/f"; : >"$work/peak"
for round in $(seq "$rounds"); do
    home=$work/home-$round
    set_up "$round" "$work/load.token"
    seconds_of load_all >>"$work/f"
    status_field "$(daemon_pid "$home")" VmHWM >>"$work/peak"
    if [ "$round" = 1 ]; then
        # The schema is the replica's own, without its views.
        "$work/baseline" schema "$home/state/replica.db" "$work/schema.sql" "$work/indexes.sql"
        "$bin/fieldbook-server" compare ana --data "$work/load" --replica "$home/state/replica.db" >/dev/null
        if [ -n "$focus" ]; then
            "$root/tools/focus-multiply" --check "$work/focus.csv" --replica "$home/state" --report "$work/import" \
                >"$work/sums" || { cat "$work/sums" >&2; exit 1; }
            rm "$work/focus.csv"
        fi
    fi
    [ "$round" = "$rounds" ] || person daemon stop >/dev/null
    "$work/baseline" load "$work/schema.sql" "$work/indexes.sql" "${dumps[@]}" -- "$work/c-$round.db" >>"$work/c"
done
person daemon stop >/dev/null
person daemon start >/dev/null
person sync --wait >/dev/null
idle=$(status_field "$(daemon_pid "$work/home-$rounds")" VmRSS)
person daemon stop >/dev/null
read -r wire_records wire_raw wire_gzip <<<"$("$work/client" wire "$port" "$(cat "$work/load.token")")"
stop_server

# The same rows in plain tables: no versions, cursors or edits; both files are without free pages at their end.
home=$work/home-$rounds
"$work/store" plain "$home/state/replica.db" "$work/plain.db"
ours_kib=$(($(stat -L -c %s "$home/state/replica.db") / 1024)) plain_kib=$(($(stat -c %s "$work/plain.db") / 1024))
rm -f "$work"/c-*.db "$work/plain.db"
# A bill record as a JSON object: of the same columns, names for keys, without those that hold nothing.
FIELDBOOK_HOME=$home person export bills "$work/bills.jsonl" --format jsonl --force >/dev/null
sed -E 's/"(schemaVersion|[a-z]+Basis)":[^,]*,//g; s/"[A-Za-z]+":null,?//g; s/,}$/}/' "$work/bills.jsonl" >"$work/objects.jsonl"
read -r object_records object_raw <<<"$(wc -lc <"$work/objects.jsonl")"
object_gzip=$(gzip -6 -c "$work/objects.jsonl" | wc -c)
rm -f "$work/bills.jsonl" "$work/objects.jsonl"

# The bill records of the last replica as CSV, by both programs in turn, which must write the same bytes.
: >"$work/export-c"; : >"$work/export-f"
for round in $(seq "$rounds"); do
    "$work/baseline" export "$home/state/replica.db" "$work/c.csv" >>"$work/export-c"
    seconds_of person export bills "$work/f.csv" --force >>"$work/export-f"
    cmp "$work/c.csv" "$work/f.csv"
done
export_peak=$("$work/baseline" peak "$bin/fieldbook" --quiet export bills "$work/f.csv" --force)
rm -f "$work/c.csv" "$work/f.csv"

# Open conflicts as a server sends them, written into the stopped replica.
many_conflicts="
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000),
    c AS (SELECT key, row_number() OVER (ORDER BY key) - 1 AS place FROM customer)
INSERT INTO conflict SELECT 1000000 + i, 1, c.key, 'budget', 'replica', i, 'open',
    json_object('amount', printf('%d.50000000', i), 'base', '5', 'before', json_object('budget',
        json_object('amount', '100.00000000', 'onExhaustion', 'manual', 'type', 'monthly'), 'register', 'budget'),
        'customer', '' || c.key, 'deviceTime', '1794990000', 'kind', 'set-budget', 'madeUpon', hex(zeroblob(60)),
        'number', '' || i, 'onExhaustion', 'manual', 'payloadHash', hex(zeroblob(32)), 'schema', 1, 'type', 'monthly'),
    json_object('register', 'budget'), json_object('budget', json_object('amount', printf('%d.00000000', 2 * i),
        'onExhaustion', 'manual', 'type', 'monthly'), 'register', 'budget'),
    9, 'ana', 'mona', 'hold', 2, 1794990000 + i, NULL, NULL, NULL, NULL, NULL, 1795990000 + i, 'theirs',
    json_object('association', 'reseller', 'guards', json_array(json_object('limit', hex(zeroblob(150))))), 1794980000, NULL
FROM n JOIN c ON place = i % (SELECT count(*) FROM customer)"
list() { "$work/baseline" "$@" "$bin/fieldbook" conflicts list; }
read -r _ list_none _ <<<"$(list time $((7 * rounds)))"
peak_none=$(list peak)
"$work/baseline" exec "$home/state/replica.db" "$many_conflicts"
read -r low list_many high <<<"$(list time $((7 * rounds)))"
list_spread="$low - $high"
peak_many=$(list peak)

c=$(median <"$work/c") f=$(median <"$work/f") peak=$(sort -n "$work/peak" | tail -1)
ratios "$work/f" "$work/c" >"$work/ratio"
ratio=$(median <"$work/ratio")
[ -z "$focus" ] || {
    echo "the bill records of the first load and of the export are lines of $(basename "$focus"), repeated; their sums agree"
    row "import, $rows lines" "$import_s s"
}
row "C program, $rows bill records" "$c s" "$(spread <"$work/c")"
row "first load, $rows bill records" "$f s" "$(spread <"$work/f")"
row "first load / C" "$ratio x" "$(spread <"$work/ratio")" "<= 1.2" "$ratio <= 1.2"
promise "first load, $rows bill records" "$f s" "C inserts" "$c s" "$ratio" "$(spread <"$work/ratio")" "<= 1.2" "$ratio <= 1.2"
row "loading daemon, peak resident" "$(mib "$peak") MiB" "" "<= 64" "$peak <= 65536"
promise "memory while loading $rows" "$(mib "$peak") MiB" "" "" "" "" "<= 64" "$peak <= 65536"
row "idle daemon, resident" "$(mib "$idle") MiB" "" "<= 25" "$idle <= 25600"
a_record() { calc "$1 / $wire_records" %.1f; }
[ "$wire_records" = "$object_records" ] || { echo "$wire_records records came, $object_records are here" >&2; exit 1; }
row "bytes a bill record, dictionaries with it" "$(a_record "$wire_raw")" "" "<= 110" "$wire_raw <= 110 * $wire_records"
row "the same in gzip" "$(a_record "$wire_gzip")" "" "<= 40" "$wire_gzip <= 40 * $wire_records"
row "the same records as JSON objects" "$(a_record "$object_raw")"
row "the same in gzip" "$(a_record "$object_gzip")"
for kind in raw gzip; do
    wire=wire_$kind object=object_$kind limit=$([ $kind = raw ] && echo 110 || echo 40)
    promise "bytes a bill record, $kind" "$(a_record "${!wire}")" "JSON object" "$(a_record "${!object}")" \
        "$(calc "${!wire} / ${!object}")" "" "<= $limit" "${!wire} <= $limit * $wire_records"
done
store_ratio=$(calc "$ours_kib / $plain_kib")
row "replica.db" "$(mib "$ours_kib") MiB"
row "plain tables with the same indexes" "$(mib "$plain_kib") MiB"
row "replica.db / plain" "$store_ratio x" "" "<= 1.15" "$store_ratio <= 1.15"
promise "store size" "$(mib "$ours_kib") MiB" "plain tables" "$(mib "$plain_kib") MiB" "$store_ratio" "" "<= 1.15" "$store_ratio <= 1.15"
export_c=$(median <"$work/export-c") export_f=$(median <"$work/export-f")
export_rate=$(calc "$rows / $export_f" %d) export_ratio=$(calc "$export_f / $export_c")
row "C program, the same records to CSV" "$export_c s" "$(spread <"$work/export-c")"
row "export, $rows bill records to CSV" "$export_f s" "$(spread <"$work/export-f")"
row "export / C" "$export_ratio x"
row "export, records a second" "$export_rate /s" "" ">= 100000" "$export_rate >= 100000"
row "export, peak resident" "$(mib "$export_peak") MiB" "" "<= 32" "$export_peak <= 32768"
extra_ms=$(calc "$list_many - $list_none" %.1f) extra_kib=$((peak_many - peak_none))
row "conflicts list, 10000 open" "$list_many ms" "$list_spread"
row "more than an empty list" "$extra_ms ms" "" "<= 50" "$extra_ms <= 50"
row "conflicts list, memory more than empty" "$(mib "$extra_kib") MiB" "" "<= 32" "$extra_kib <= 32768"
