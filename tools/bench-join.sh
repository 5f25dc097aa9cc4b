# A customer with many records joins the customers of an account manager, and leaves; a look that brings nothing. Sourced by
# tools/bench.

make_server join "$((join_customers * 10))" "$join_customers" "$join_rows"
assign() { "$bin/fieldbook-server" admin manager "$1" "$2" --data "$work/join" >/dev/null; }
for place in $(seq 50); do assign "acct-3-$place" xu; done
"$bin/fieldbook-server" member add xu --role manager --customers acct-3-1 --data "$work/join" --token-file "$work/xu.token" 2>/dev/null
set_up join "$work/xu.token"
person daemon start >/dev/null
person sync --wait >/dev/null
# $1: who has the customer now, $2: where the seconds go until the manager has all there is.
handed() {
    assign acct-3-0 "$1"
    seconds_of person sync --wait --timeout 600 >>"$2"
    "$bin/fieldbook-server" compare xu --data "$work/join" --replica "$work/home-join/state/replica.db" >/dev/null
}
: >"$work/joined"; : >"$work/left"
for round in $(seq "$rounds"); do
    handed xu "$work/joined"
    handed none "$work/left"
done
join_file=$(($(stat -L -c %s "$work/home-join/state/replica.db") / 1024))
join_peak=$(status_field "$(daemon_pid "$work/home-join")" VmHWM)
join_server_peak=$(status_field "$server_pid" VmHWM)
person daemon stop >/dev/null
stop_server
"$bin/fieldbook-lab" bench join --records "$join_rows" --customers "$join_customers" --json >"$work/join.json"
virtual() { sed -n "s/^  \"$1\": \([0-9]*\),\{0,1\}/\1/p" "$work/join.json"; }

joined=$(median <"$work/joined") left=$(median <"$work/left")
row "$join_rows records join 50 customers" "$joined s" "$(spread <"$work/joined")"
row "and leave, wiped and scrubbed" "$left s" "$(spread <"$work/left")"
row "image's file after leaving" "$(mib "$join_file") MiB"
row "server meanwhile, peak resident" "$(mib "$join_server_peak") MiB" "" "<= 96" "$join_server_peak <= 98304"
row "joining daemon, peak resident" "$(mib "$join_peak") MiB" "" "<= 64" "$join_peak <= 65536"
virtual_row() { row "$1" "$(virtual "$2")" "" "${3:-}" "${3:+$(virtual "$2") $3}"; }
echo "the same over 50 kbit/s, in virtual time:"
row "all records are here after" "$(($(virtual millisecondsToAll) / 1000)) s"
virtual_row "bytes received for it" joiningBytesDown
virtual_row "requests for it" joiningRequests
virtual_row "polls until its registers are here" pollsToRegisters "<= 1"
virtual_row "polls until another's freeze is seen" pollsToFreeze "<= 2"
virtual_row "records still missing then" recordsMissingThen "> 0"
virtual_row "leaving, bytes both ways" leavingBytes
virtual_row "leaving, requests" leavingRequests "<= 1"
virtual_row "poll that brings nothing, requests" emptyPollRequests "<= 1"
virtual_row "poll that brings nothing, bytes both ways" emptyPollBytes "< 1024"
virtual_row "poll that brings nothing, statements" emptyPollStatements
promise "empty poll, requests" "$(virtual emptyPollRequests)" "" "" "" "" "1" "$(virtual emptyPollRequests) <= 1"
promise "empty poll, bytes both ways" "$(virtual emptyPollBytes)" "" "" "" "" "< 1024" "$(virtual emptyPollBytes) < 1024"
promise "empty poll, statements of the ledger" "$(virtual emptyPollStatements)" "" "" "" "" "<= 6, no scan" "$(virtual emptyPollStatements) <= 6"
