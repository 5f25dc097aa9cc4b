# Edits: how long one takes to be accepted, how long a queue of them takes to have its results, what a judgement costs.
# Sourced by tools/bench.

# Ten edits a customer, queued while the server is away: six on the budget, three labels, a freeze. Three
# customers of eight have another budget and label meanwhile, so that nine of their edits meet a moved base.
make_server edits 1000 $((accepted > 1500 ? accepted : 1500))
set_up edits "$work/edits.token"
person daemon start >/dev/null
person sync --wait --timeout 600 >/dev/null
mapfile -t customers < <(person customers list --json --limit 5000 | awk -F'"' '
    $2 == "accountName" { name = $4 } $2 == "association" { kind = $4 } $2 == "budget" || $2 == "freezes" { part[NR + 1] = $2 }
    part[NR] == "budget" { has = $0 !~ /null/ } part[NR] == "freezes" && $0 ~ /\[\]/ && has && kind == "reseller" { print name }')
[ "${#customers[@]}" -ge $((rounds * edits / 10)) ] || { echo "too few reseller customers with a budget" >&2; exit 1; }
push_all() { serve edits "$port" && person sync --wait --timeout 600; }
: >"$work/pushed"
for round in $(seq "$rounds"); do
    stop_server
    some=("${customers[@]:$(((round - 1) * edits / 10)):$((edits / 10))}")
    for customer in "${some[@]}"; do
        printf "budget adjust $customer +%s\n" 1 2 3 4 5
        printf "label set $customer %s\n" gold silver bronze
        printf "freeze $customer --reason late\nbudget set $customer 123456\n"
    done | person edits batch - 2> >(grep -v '^warning' >&2) >/dev/null
    for place in "${!some[@]}"; do
        [ $((place % 8)) -lt 3 ] || continue
        "$bin/fieldbook-server" admin budget "${some[$place]}" 777 --data "$work/edits" >/dev/null
        "$bin/fieldbook-server" admin label "${some[$place]}" iron --data "$work/edits" >/dev/null
    done
    seconds_of push_all >>"$work/pushed"
done
person edits list --all --limit 100000 --json | sed -n 's/^      "result": "\{0,1\}\([a-z_]*\).*/\1/p' | sort | uniq -c | awk '{ print $1, $2 }' >"$work/results"
results=$(paste -s -d, "$work/results" | sed 's/,/, /g')
if [ "$(awk '$2 !~ /null|retry|blocked|needs/ { n += $1 } END { print n }' "$work/results")" != $((rounds * edits)) ] || ! grep -q held "$work/results"; then
    echo "not every edit has its result: $results" >&2
    exit 1
fi
"$bin/fieldbook-server" compare ana --data "$work/edits" --replica "$work/home-edits/state/replica.db" >/dev/null

# A label each for as many customers, in turn with as many appends of as many bytes as the outbox' log takes for an edit:
# counted in frames by the log's index, since the file is longer than they are.
person daemon stop >/dev/null
person daemon start >/dev/null
person sync --wait >/dev/null
stop_server
server_customers edits | awk -v most="$accepted" 'NR <= most { print $1 }' >"$work/keys"
socket=$FIELDBOOK_HOME/run/daemon.sock
log_bytes() { echo $(($(od -An -tu4 -j16 -N4 "$FIELDBOOK_HOME/state/outbox.db-shm") * 4120)); }
accept() { "$work/client" edits "$socket" "$work/keys" "$1" 0 "$work/accepted" && awk '{ print $2 * 1000 }' "$work/accepted"; }
before=$(log_bytes)
accept 10 >/dev/null
edit_bytes=$((($(log_bytes) - before) / 10))
[ "$edit_bytes" -gt 0 ] || edit_bytes=8192
: >"$work/accept-f"; : >"$work/accept-c"; : >"$work/accept-over"; : >"$work/accept-all"
for round in $(seq "$rounds"); do
    head -n $((round * (accepted / rounds))) "$work/keys" | tail -n $((accepted / rounds)) >"$work/keys-$round"
    "$work/client" edits "$socket" "$work/keys-$round" $((accepted / rounds)) 0 "$work/accepted"
    awk '{ print $2 * 1000 }' "$work/accepted" >"$work/accepted-ms"
    ! grep -q refused "$work/accepted" || { echo "an edit was refused" >&2; exit 1; }
    median <"$work/accepted-ms" >>"$work/accept-f"
    cat "$work/accepted-ms" >>"$work/accept-all"
    "$work/client" append $((accepted / rounds)) "$edit_bytes" "$FIELDBOOK_HOME/state/append" >>"$work/accept-c"
    "$work/client" overwrite $((accepted / rounds)) "$edit_bytes" "$FIELDBOOK_HOME/state/append" >>"$work/accept-over"
done
person daemon stop >/dev/null
"$bin/fieldbook-lab" bench rules --json >"$work/judged"
judged() { sed -n "s/^  \"$1\": \([0-9]*\),\{0,1\}/\1/p" "$work/judged" | awk '{ printf "%.4f", $1 / 1e6 }'; }

pushed=$(median <"$work/pushed")
row "$edits queued edits, each with its result" "$pushed s" "$(spread <"$work/pushed")" "<= 1" "$pushed <= 1"
echo "    of all rounds: $results"
promise "$edits queued edits, each with its result" "$pushed s" "" "" "" "$(spread <"$work/pushed")" "<= 1 s" "$pushed <= 1"
accept_f=$(median <"$work/accept-f") accept_c=$(median <"$work/accept-c")
ratios "$work/accept-f" "$work/accept-c" >"$work/ratio"
ratio=$(median <"$work/ratio")
row "edit accepted, durable, median" "$(calc "$accept_f" %.3f) ms" "$(spread <"$work/accept-f")"
row "the same, the slowest of $accepted" "$(calc "$(sort -g "$work/accept-all" | tail -1)" %.1f) ms"
row "C program, fdatasync of $edit_bytes bytes" "$(calc "$accept_c" %.3f) ms" "$(spread <"$work/accept-c")"
row "the same over bytes that are there" "$(calc "$(median <"$work/accept-over")" %.3f) ms" "$(spread <"$work/accept-over")"
row "edit accepted / C" "$ratio x" "$(spread <"$work/ratio")" "<= 1.5" "$ratio <= 1.5"
promise "edit accepted, durable, median" "$(calc "$accept_f" %.3f) ms" "C fdatasync" "$(calc "$accept_c" %.3f) ms" "$ratio" "$(spread <"$work/ratio")" "<= 1.5" "$ratio <= 1.5"
judgement=$(judged nanoseconds)
row "one judgement" "$judgement ms" "$(judged nanosecondsLeast) - $(judged nanosecondsMost)" "<= 0.1" "$judgement <= 0.1"
