# The hazards of offline work, one after the other; sourced by tools/run, not run.
#
# Each chapter takes customers of its own. All are in sync, then the server stops, people edit, somebody else changes
# the truth, the server comes back, and what became of each edit is shown and checked.

server() {
    echo "server\$ fieldbook-server $(quoted "$@") --data data"
    "$bin/fieldbook-server" "$@" --data "$work/data"
}
hazard() { say "hazard $1: $2"; }
tell() { printf -- '-- %s\n' "$*"; }
everyone() { # syncs both until each has what the other wrote
    local person
    for person in ana ben ana; do quietly "$person" sync --wait >/dev/null || true; done
}
offline() {
    everyone
    tell "the server is out of reach"
    stop_server
}
# The server is back. People meet it one after the other, each with all they have, so that it is known who came first.
online() {
    local person
    for person in "${@:2}"; do quietly "$person" daemon stop >/dev/null; done
    tell "the server is back; first ${*:1:1} syncs${2:+, then ${*:2}}"
    serve "$port"
    for person in "$@"; do
        [ "$person" = "$1" ] || quietly "$person" daemon start >/dev/null
        "$person" sync --wait
    done
    everyone
}
# A member of an answer in JSON, at its top or one object down.
field() { sed -n "s/^ \\{2,4\\}\"$1\": \"\\{0,1\\}\\([^\"]*[^\",]\\)\"\\{0,1\\},\\{0,1\\}\$/\\1/p" | head -1; }
made() { quietly "$1" edits list --all --json | sed -n 's/^ *"number": \([0-9]*\),/\1/p' | sort -n | tail -$((${2:-0} + 1)) | head -1; }
# The conflict of a person's edit.
conflict() { quietly "$1" edits show "$2" --json | field conflict; }
# What became of an edit, shown and checked. $1: whose, $2: how many of theirs were made after it, $3: result, $4: rule,
# $5: code of a refusal.
became() {
    local number json
    number=$(made "$1" "$2")
    echo "$1\$ fieldbook edits show $number"
    quietly "$1" edits show "$number"
    json=$(quietly "$1" edits show "$number" --json)
    expect "the result of edit $number of $1" "$3" "$(field result <<<"$json")"
    expect "the rule that decided edit $number of $1" "$4" "$(field rule <<<"$json")"
    expect "the code of the refusal of edit $number of $1" "${5:-null}" "$(field reason <<<"$json")"
}
# The row of a customer on the server, without entity, key and version.
row() { # entity, customer
    local key
    key=$("$bin/fieldbook-server" dump --entity customer --data "$work/data" |
        awk -F, -v name="\"$2\"" '$6 == name { print $2 }')
    "$bin/fieldbook-server" dump --entity "$1" --data "$work/data" | sed -n "s/^\[[0-9]*,$key,[0-9]*,\(.*\)\]\$/\1/p"
}
# What stands on the server. $1: register, $2: customer, $3: in words.
stands() {
    local found
    found=$(row "$1" "$2" | sed 's/"//g' | case $1 in
        budget) awk -F, '{ if ($1 == "null") print "none"; else printf "%.2f %s\n", $1 / 1e8, $2 }' ;;
        discount) awk -F, '{ if ($1 == "null") print "none"; else printf "%.2f %%\n", $1 / 100 }' ;;
        freezes) sed 's/.*,//; s/null/none/' ;;
        request) awk -F, '{ print $2 }' ;;
        customer) awk -F, '{ print $(NF - 1) ? "former" : $5 }' ;;
        *) cat ;;
    esac)
    tell "on the server: $1 of $2: ${found:-none}"
    expect "the $1 of $2 on the server" "$3" "${found:-none}"
}
# A day so many days after the server's today, in the vendor's time zone.
days_on() {
    local now
    now=$("$bin/fieldbook-server" clock show --json --data "$work/data" | field now)
    date -u -d "@$(($(date -d "$now" +%s) + 8 * 3600 + $1 * 86400))" +%F
}
# Takes the next customer. $1: variable, then what it begins with: a budget's amount or "-", a freeze's cause or "-".
take() {
    [ "${#customers[@]}" -gt "$taken" ] || { echo "there are too few reseller customers without a freeze" >&2; exit 1; }
    printf -v "$1" '%s' "${customers[$taken]}"
    taken=$((taken + 1))
    local customer=${!1}
    [ "${2:--}" = - ] || server admin budget "$customer" "$2" --type monthly --on-exhaustion manual --by li.wei
    [ "${3:--}" = - ] || server admin freeze "$customer" --cause "$3" --reason "not released yet"
}
take_referral() { # variable, percentage of the discount that stands
    take "$1"
    server admin association "${!1}" referral
    server admin discount "${!1}" "$2" --until "$(days_on 200)" --by li.wei
}

without_manager() { [[ $(row manager "$1") == @(|null) ]] || server admin manager "$1" none; }

budgets() {
    hazard 1 "a budget by someone else, and a late one that had not seen it"
    take a 500
    offline
    ana budget set "$a" 700
    ben budget set "$a" 300
    online ana ben
    became ana 0 applied compare-and-set
    became ben 0 held hold
    stands budget "$a" "700.00 monthly"
    ben conflicts show "$(conflict ben "$(made ben)")"
    ana conflicts decide "$(conflict ben "$(made ben)")" theirs --reason "agreed with the customer"
    everyone
    became ben 0 overruled hold
    stands budget "$a" "700.00 monthly"

    hazard 2 "a one-time budget in place of a monthly one, and a late change of the amount"
    take a 500
    undecided=$a
    offline
    ana budget set "$a" 500 --type one-time
    ben budget set "$a" 700
    online ana ben
    became ana 0 applied compare-and-set
    became ben 0 held type-changed
    stands budget "$a" "500.00 one-time"
    tell "nobody decides this one for now"

    hazard 3 "spending grows, and a budget is set below it: no conflict, but a warning"
    take a 500
    server admin usage "$a" 100
    offline
    ana budget set "$a" 600
    server admin usage "$a" 650
    online ana
    became ana 0 applied compare-and-set
    expect "the warning" 1 "$(quietly ana edits show "$(made ana)" | grep -c '^warning  *spent')"
    stands budget "$a" "600.00 monthly"

    hazard 4 "a raise for this month arrives in the next"
    take a 500
    server admin usage "$a" 400
    offline
    ana budget set "$a" 900 --through this-cycle
    server clock advance 32d
    server admin reset-month | shorten
    online ana
    became ana 0 expired cycle FB.EXPIRED
    stands budget "$a" "500.00 monthly"
    tell "ana asks again, for the month that the server is in"
    ana edits resend "$(made ana)" --through "$(days_on 0 | cut -c 1-7)"
    everyone
    became ana 0 applied compare-and-set
    stands budget "$a" "900.00 monthly"
    tell "the conflict of hazard 2 has met its deadline meanwhile: what stood was kept"
    became ben 0 overruled type-changed
    stands budget "$undecided" "500.00 one-time"
}

freezes() {
    hazard 5 "a budget with an unfreeze: half of it meets somebody else's budget, then somebody else's freeze"
    take a 500 on-association
    take b 500 on-association
    offline
    ana budget set "$a" 800 --unfreeze --reason paid
    ana budget set "$b" 800 --unfreeze --reason paid
    ben budget set "$a" 300
    ben freeze "$b" --reason fraud
    online ben ana
    became ana 3 held hold
    expect "the state of the unfreeze behind it" waiting "$(quietly ana edits show "$(made ana 2)" --json | field state)"
    stands freezes "$a" account
    became ana 1 applied compare-and-set
    became ana 0 merged observed-remove
    stands freezes "$b" account
    ben conflicts decide "$(conflict ana "$(made ana 3)")" theirs
    everyone
    became ana 3 overruled hold
    became ana 2 rejected null FB.PREDECESSOR
    stands budget "$a" "300.00 monthly"
    stands freezes "$a" account

    hazard 6 "a freeze by someone else, and a late unfreeze: the freeze wins"
    take a 500 on-association
    offline
    ana unfreeze "$a" --reason paid
    ben unfreeze "$a" --reason "papers are in order"
    ben freeze "$a" --reason fraud
    online ben ana
    became ana 0 overruled freeze-wins
    stands freezes "$a" account

    hazard 7 "a release by someone else, and a freeze that had not seen it: within the hour the stricter wins, later a person decides"
    take a 500 on-association
    take b 500 on-association
    offline
    ben unfreeze "$a" --reason paid
    ana freeze "$a" --reason "invoice 90 days late"
    online ben ana
    became ana 0 applied strictest-wins
    stands freezes "$a" account
    offline
    ben unfreeze "$b" --reason paid
    ana freeze "$b" --reason "invoice 90 days late"
    server clock advance 3h
    online ben ana
    became ana 0 held released
    stands freezes "$b" none

    hazard 8 "a freeze of resources too starts the clock of deletion: never late, never old without a person"
    take a 500
    take b 500
    offline
    ben freeze "$a" --reason "invoice 90 days late"
    ana freeze "$a" --kind account-and-resources --yes --reason fraud
    online ben ana
    became ana 0 held late-resources
    stands freezes "$a" account
    offline
    ana freeze "$b" --kind account-and-resources --yes --reason fraud
    server clock advance 2d
    online ana
    became ana 0 held old-resources
    stands freezes "$b" none
    tell "ben takes the milder kind"
    ben conflicts decide "$(conflict ana "$(made ana)")" value --kind account
    everyone
    became ana 0 merged old-resources
    stands freezes "$b" account

    hazard 9 "a freeze of account and resources, and a late unfreeze of the account alone"
    take a 500 on-association
    offline
    ana unfreeze "$a" --kind account --reason paid
    ben unfreeze "$a" --kind account --reason "papers are in order"
    ben freeze "$a" --kind account-and-resources --yes --reason fraud
    online ben ana
    became ana 0 rejected freeze-stands FB.FREEZE_KIND
    stands freezes "$a" account-and-resources

    hazard 10 "two people freeze the same customer: one freeze, no quarrel"
    take a 500
    offline
    ana freeze "$a" --reason "invoice 90 days late"
    ben freeze "$a" --reason "does not answer"
    online ana ben
    became ana 0 applied freeze-adds
    became ben 0 noop equal
    stands freezes "$a" account

    hazard 11 "an exhausted budget froze a customer; a raise with an unfreeze that no longer covers what is used"
    take a
    ana budget set "$a" 500 --on-exhaustion freeze
    everyone
    server admin usage "$a" 600
    stands freezes "$a" account
    offline
    ana budget set "$a" 800 --unfreeze --reason "limit raised"
    server admin usage "$a" 900
    online ana
    became ana 1 applied compare-and-set
    became ana 0 rejected cures FB.NOT_CURED
    stands budget "$a" "800.00 monthly"
    stands freezes "$a" account
    tell "a budget that covers it cures it"
    ana budget set "$a" 1000 --unfreeze --reason "limit raised again"
    everyone
    became ana 0 applied observed-remove
    stands freezes "$a" none
}

associations() {
    local back
    hazard 12 "a customer has left, and everything that was queued for it"
    take a 500 manual
    without_manager "$a"
    offline
    ana budget set "$a" 900
    ana label set "$a" "key account"
    ana unfreeze "$a" --reason paid
    ana manager assign "$a" mona
    server admin disassociate "$a"
    online ana
    for back in 3 2 1 0; do became ana $back rejected associated CBC.99000035; done
    stands customer "$a" former
    stands budget "$a" none

    hazard 13 "a customer's association type has changed: a budget and a freeze, or a discount, fit no more"
    take a 500
    take_referral b 5
    offline
    ana budget set "$a" 900
    ana freeze "$a" --reason "invoice 90 days late"
    ana discount set "$b" 10 --until "$(days_on 20)"
    server admin association "$a" referral
    server admin association "$b" reseller
    online ana
    for back in 2 1 0; do became ana $back rejected association CBC.99005024; done
    stands budget "$a" "500.00 monthly"
    stands freezes "$a" none
    stands discount "$b" "5.00 %"
}

discounts() {
    hazard 14 "the authorised range has shrunk under a promised discount: asked about, and after a month refused"
    take_referral a 5
    take_referral b 5
    offline
    ana discount set "$a" 40 --until "$(days_on 60)" || expect "the exit code of a discount out of range" 65 $?
    ana discount set "$a" 25 --until "$(days_on 60)"
    server admin range 0.01 20
    online ana
    became ana 0 held authorised-range
    stands discount "$a" "5.00 %"
    server admin range 0.01 30
    offline
    ana discount set "$b" 25 --until "$(days_on 60)"
    server admin range 0.01 20
    server clock advance 31d
    online ana
    became ana 0 rejected authorised-range FB.DISCOUNT_RANGE
    stands discount "$b" "5.00 %"

    hazard 15 "a discount by someone else, and a late one for the same time"
    take_referral a 5
    offline
    ana discount set "$a" 10 --until "$(days_on 20)"
    ben discount set "$a" 15 --until "$(days_on 40)"
    online ana ben
    became ana 0 applied compare-and-set
    became ben 0 held hold
    stands discount "$a" "10.00 %"
    ana conflicts decide "$(conflict ben "$(made ben)")" value --percent 12.5 --until "$(days_on 40)"
    everyone
    became ben 0 merged hold
    stands discount "$a" "12.50 %"

    hazard 16 "a discount of two days arrives after three"
    take_referral a 5
    offline
    ana discount set "$a" 10 --until "$(days_on 2)"
    server clock advance 4d
    online ana
    became ana 0 expired validity FB.EXPIRED
    stands discount "$a" "5.00 %"
}

people() {
    hazard 17 "two people assign an account manager, then two replace the one there is"
    take a
    without_manager "$a"
    offline
    ana manager assign "$a" xu
    ben manager assign "$a" yan
    online ana ben
    became ana 0 applied first-assignment
    became ben 0 overruled first-writer
    stands manager "$a" xu
    offline
    ana manager replace "$a" yan
    ben manager replace "$a" zoe
    online ana ben
    became ana 1 applied compare-and-set
    became ana 0 applied first-assignment
    became ben 1 overruled first-writer
    became ben 0 rejected null FB.GROUP
    stands manager "$a" yan

    hazard 18 "two people decide a customer's request: alike, and differently"
    take a 500
    take b 500
    server admin request "$a" disassociate --reason "we close"
    server admin request "$b" disassociate --reason "we move"
    offline
    ana association approve "$a" --yes
    ana association approve "$b" --yes
    ben association approve "$a" --yes
    ben association reject "$b"
    online ana ben
    became ana 0 applied first-decision
    became ben 1 noop equal
    became ben 0 overruled first-writer
    stands request "$b" approved
    stands customer "$a" former
    stands customer "$b" former

    hazard 22 "a customer was handed to a reseller, and a freeze and a budget in the distributor's queue"
    take a 500
    offline
    ana freeze "$a" --reason "invoice 90 days late"
    ana budget set "$a" 900
    ana label set "$a" "key account"
    server admin delegate "$a" north-it
    online ana
    became ana 2 rejected permission CBC.0151
    became ana 1 rejected permission CBC.0151
    became ana 0 applied last-writer
    stands freezes "$a" none
    stands budget "$a" "500.00 monthly"

    hazard 23 "the partner itself was frozen, and an unfreeze with resources"
    take a 500
    server admin freeze "$a" --cause manual --kind account-and-resources --reason fraud
    offline
    ana unfreeze "$a" --kind account-and-resources --reason "case closed"
    server admin partner frozen | shorten
    online ana
    became ana 0 rejected partner-state FB.PARTNER_FROZEN
    stands freezes "$a" account-and-resources
    server admin partner active | shorten
    everyone
    ana edits resend "$(made ana)"
    everyone
    became ana 0 applied observed-remove
    stands freezes "$a" none

    hazard 24 "two people label a customer: the last one stands, both are in the history"
    take a
    offline
    ana label set "$a" "key account"
    ben label set "$a" "public sector"
    online ana ben
    became ana 0 applied last-writer
    became ben 0 applied last-writer
    stands label "$a" "public sector"
}

# The first lines of a long answer.
shorten() { awk 'NR <= 3 { print } END { if (NR > 3) print "... and " NR - 3 " more" }'; }

aftermath() {
    local person rules=$work/tolerant-rules.json
    say "what is left: edits that were refused, conflicts that wait for a person"
    everyone
    ana edits list --dead
    ana conflicts list
    ben conflicts list --all
    for person in ana ben; do
        expect "$person's edits that are neither settled nor with a person" 0 \
            "$(quietly "$person" status --json | sed -n 's/^ *"\(saved\|sent\|waiting\|resulted\)": \([0-9]*\).*/\2/p' |
                awk '{ n += $1 } END { print n + 0 }')"
        expect "the conflicts that $person sees" 1 "$(quietly "$person" conflicts list --json | grep -c '"conflict":' || true)"
    done

    say "the history of one customer, as an agent and as the server tell it"
    ben history "$told"
    server history "$told"

    say "what if: budgets that differ little are decided without a person"
    sed '0,/{ "name": "hold", "when": \["moved"\], "use": "hold" }/s//{ "name": "little", "when": ["moved"], "use": "tolerance", "amount": "500", "then": "max" },\n        &/; s/"version": [0-9]*/"version": 99/' \
        "$root/Config/conflict-rules.json" >"$rules"
    diff "$root/Config/conflict-rules.json" "$rules" || true
    echo "server\$ fieldbook-server rules check tolerant-rules.json"
    "$bin/fieldbook-server" rules check "$rules"
    echo "server\$ fieldbook-server rules test tolerant-rules.json --data data"
    "$bin/fieldbook-server" rules test "$rules" --data "$work/data" | tee "$work/trial"
    expect "the trial's count of conflicts that would end otherwise" 2 "$(grep -c 'little' "$work/trial")"
}

# The story from the first hazard to the last. Both people are set up and have loaded.
walk_hazards() {
    taken=0
    mapfile -t customers < <(quietly ana customers list --json --limit 5000 | awk -F'"' '
        $2 == "accountName" { name = $4 } $2 == "association" { kind = $4 } $2 == "freezes" { at = NR }
        at == NR - 1 && $0 ~ /\[\]/ && kind == "reseller" { print name }')
    budgets
    told=$undecided
    freezes
    associations
    discounts
    people
    aftermath
}
