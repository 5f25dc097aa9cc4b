# Sourced by tools/bench: what a daemon pays for records that changed while it was away.

# Charges of a FOCUS 1.0 file. $1: how many there are, $2: their file, $3: only each of so many, $4: cents off a price, so that
# another number is another amount; $5: the only month, else three of them one after the other.
feed_charges() {
    awk -v n="$1" -v every="$3" -v off="$4" -v month="${5:-}" 'BEGIN {
        print "Id,SubAccountId,SubAccountName,BillingPeriodStart,ChargePeriodStart,ChargeCategory,BilledCost,ListCost," \
            "BillingCurrency,ConsumedQuantity,ConsumedUnit,ServiceName,ServiceCategory,SkuId,RegionId,ResourceId,ResourceName"
        for (i = 0; i < n; i += every) {
            customer = i * 7919 % 500; list = i * 37 % 90000 + 100; billed = list - off
            m = month ? month : 9 + int(i * 3 / n)
            printf "charge-%d,account-%d,Customer %d,2026-%02d-01T00:00:00Z,2026-%02d-%02dT%02d:00:00Z,Usage,", \
                i, customer, customer, m, m, i % 28 + 1, i % 24
            printf "%d.%02d,%d.%02d,USD,%d.%04d,Hours,Service %d,Compute,sku-%d,region-%d,res-%d,Resource %d\n", \
                billed / 100, billed % 100, list / 100, list % 100, i % 900, i % 9999, i % 12, i % 40, i % 6, i % 5000, i % 5000
        }
    }' >"$2"
}
# A server with charges of a file. $1: name, $2: file, $3: the open month.
feed_server() {
    "$bin/fieldbook-server" init --data "$work/$1" --token-file "$work/admin-$1.token" 2>/dev/null
    "$bin/fieldbook-server" import focus "$2" --data "$work/$1" --cycle "$3" >/dev/null
    "$bin/fieldbook-server" member add ana --role operator --data "$work/$1" --token-file "$work/$1.token" 2>/dev/null
    serve "$1" 0
}
feed_person() { FIELDBOOK_LOG=info FIELDBOOK_HOME=$work/home-$1 "$bin/fieldbook" --quiet "${@:2}"; }
feed_head() { "$bin/fieldbook-server" status --data "$work/$1" --json | sed -n 's/^  "head": \([0-9]*\),\{0,1\}/\1/p'; }
# Bytes that a daemon received since its start, all lanes together. $1: home.
feed_received() {
    feed_person "$1" status --json | awk '/"sinceStart"/ { since = 1 } since && /"bytesReceived"/ { sub(/,/, "", $2); n += $2; since = 0 }
        END { printf "%d", n }'
}
# $1: home; begins with nothing and ends in sync.
feed_load() {
    feed_person "$1" setup --server "http://127.0.0.1:$port" --token-file "$2" >/dev/null
    feed_person "$1" daemon start >/dev/null
    feed_person "$1" sync --wait --timeout 600 >/dev/null
}

feed_catch_up() { feed_person feed daemon start && feed_person feed sync --wait --timeout 600; }

# Records that changed while the daemon was away, beside a C program that writes the same rows over a copy of its image.
feed_apply() {
    local changes=$((rows < 100000 ? rows : 100000)) round before
    feed_charges "$rows" "$work/charges.csv" 1 3
    feed_server feed "$work/charges.csv" 2026-12
    feed_load feed "$work/feed.token"
    feed_person feed daemon stop >/dev/null
    : >"$work/feed-c"; : >"$work/feed-f"; : >"$work/feed-apply"
    for round in $(seq "$rounds"); do
        before=$(feed_head feed)
        feed_charges "$rows" "$work/charges.csv" $((rows / changes)) $((10 + round))
        "$bin/fieldbook-server" import focus "$work/charges.csv" --data "$work/feed" --cycle 2026-12 >/dev/null
        cp "$work/home-feed/state/replica.db" "$work/c.db"
        "$bin/fieldbook-server" dump --data "$work/feed" --entity bill_record |
            awk -F, -v head="$before" '$3 > head' >"$work/changed.ndjson"
        [ "$(wc -l <"$work/changed.ndjson")" -ge "$changes" ] || { echo "fewer than $changes records changed" >&2; exit 1; }
        sync
        "$work/baseline" apply "$work/c.db" "$work/changed.ndjson" >>"$work/feed-c"
        sync
        seconds_of feed_catch_up >>"$work/feed-f"
        sed -n 's/.* event=checkpoint rows=\([0-9]*\) milliseconds=\([0-9]*\).*/\1 \2/p' "$work/home-feed/state/daemon.log" |
            sort -n | awk -v n="$changes" '$1 >= n { took = $2 / 1000 } END { printf "%.3f\n", took }' >>"$work/feed-apply"
        feed_peak=$(status_field "$(daemon_pid "$work/home-feed")" VmHWM)
        feed_person feed daemon stop >/dev/null
        rm -f "$work/home-feed/state/daemon.log" "$work/c.db"*
    done
    "$bin/fieldbook-server" compare ana --data "$work/feed" --replica "$work/home-feed/state/replica.db" >/dev/null
    stop_server
    rm -rf "$work/feed" "$work/home-feed" "$work/charges.csv" "$work/changed.ndjson"

    local c f apply against
    c=$(median <"$work/feed-c") f=$(median <"$work/feed-f") apply=$(median <"$work/feed-apply")
    row "C program, $changes changed of $rows" "$c s" "$(spread <"$work/feed-c")"
    row "feed apply, from the daemon's start" "$f s" "$(spread <"$work/feed-f")"
    row "    the checkpoint alone" "$apply s" "$(spread <"$work/feed-apply")"
    row "rate of the checkpoint alone / C" "$(calc "$c / $apply") x"
    ratios "$work/feed-c" "$work/feed-f" >"$work/feed-ratio"
    against=$(median <"$work/feed-ratio")
    row "rate of the feed apply / C" "$against x" "$(spread <"$work/feed-ratio")" ">= 0.9" "$against >= 0.9"
    row "catching-up daemon, peak resident" "$(mib "$feed_peak") MiB" "" "<= 64" "$feed_peak <= 65536"
    promise "feed apply, $changes changed of $rows" "$f s" "C upserts" "$c s" "$against" "$(spread <"$work/feed-ratio")" ">= 0.9" "$against >= 0.9"
}

# The month is closed: the vendor's file comes once more, and one charge of a hundred has another price.
close_of_a_cycle() {
    local records=$((rows < 100000 ? rows : 100000)) before closing reload share
    feed_charges "$records" "$work/charges.csv" 1 3 11
    feed_server cycle "$work/charges.csv" 2026-11
    feed_load cycle "$work/cycle.token"
    before=$(feed_received cycle)
    feed_charges "$records" "$work/charges.csv" 1 3 11
    feed_charges "$records" "$work/corrected.csv" 100 9 11
    awk -F, 'FNR == NR { if (FNR > 1) line[$1] = $0; next } $1 in line { print line[$1]; next } { print }' \
        "$work/corrected.csv" "$work/charges.csv" >"$work/closed.csv"
    "$bin/fieldbook-server" import focus "$work/closed.csv" --data "$work/cycle" --cycle 2026-12 >/dev/null
    feed_person cycle sync --wait --timeout 600 >/dev/null
    closing=$(($(feed_received cycle) - before))
    "$bin/fieldbook-server" compare ana --data "$work/cycle" --replica "$work/home-cycle/state/replica.db" >/dev/null
    feed_person cycle daemon stop >/dev/null
    feed_load reload "$work/cycle.token"
    reload=$(feed_received reload)
    feed_person reload daemon stop >/dev/null
    stop_server
    rm -rf "$work/cycle" "$work/home-cycle" "$work/home-reload" "$work"/{charges,corrected,closed}.csv

    share=$(awk "BEGIN { printf \"%.2f\", $closing * 100 / $reload }")
    row "reload of $records records, bytes received" "$reload"
    row "close with 1 % changed, bytes received" "$closing"
    row "close / reload" "$share %" "" "<= 3" "$share <= 3"
    promise "close of a cycle of $records, 1 % changed" "$closing B" "reload" "$reload B" "$share %" "" "<= 3 %" "$share <= 3"
}

feed_apply
close_of_a_cycle
