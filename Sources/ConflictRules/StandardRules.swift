/// The rules of this build: the text of `Config/conflict-rules.json`, so that no program needs the file beside it.
enum StandardRules {
    static let text = #"""
        {
          "format": 1,
          "vocabulary": 1,
          "version": 2,
          "about": "How an edit is combined with what it meets: its guards in order, then the first case that fits.",
          "guards": {
            "reseller-customer": [
              { "guard": "associated" },
              { "guard": "association", "is": "reseller" },
              { "guard": "permission" }
            ],
            "referral-customer": [
              { "guard": "associated" },
              { "guard": "association", "is": "referral" }
            ]
          },
          "rules": [
            {
              "edit": "set-budget", "register": "budget", "detect": "version",
              "guard": [
                { "include": "reseller-customer" },
                { "guard": "cycle" },
                { "guard": "ceiling", "role": "manager", "amount": "1000000", "else": "step-up" },
                { "guard": "spent", "else": "warn" }
              ],
              "combine": [
                { "name": "compare-and-set", "when": ["intact"], "use": "client-wins" },
                { "name": "type-changed", "when": ["moved", "type-moved"], "use": "hold" },
                { "name": "hold", "when": ["moved"], "use": "hold" }
              ],
              "check": ["limits"],
              "decide": { "deadline": "7d", "fallback": "theirs" },
              "record": "history",
              "promises": ["deterministic", "idempotent", "needs-base", "may-hold"]
            },
            {
              "edit": "adjust-budget", "register": "budget", "detect": "version",
              "guard": [
                { "include": "reseller-customer" },
                { "guard": "cycle" },
                { "guard": "has-budget" },
                { "guard": "ceiling", "role": "manager", "amount": "1000000", "else": "step-up" },
                { "guard": "spent", "when": ["lowers"], "else": "reject" }
              ],
              "combine": [
                { "name": "type-changed", "when": ["moved", "type-moved"], "use": "hold" },
                { "name": "raises-add-up", "when": ["always"], "use": "sum-of-deltas" }
              ],
              "check": ["limits"],
              "decide": { "deadline": "7d", "fallback": "theirs" },
              "record": "history",
              "promises": ["deterministic", "idempotent", "commutative", "needs-base", "may-hold"]
            },
            {
              "edit": "freeze", "register": "freezes", "detect": "version",
              "guard": [
                { "include": "reseller-customer" }
              ],
              "combine": [
                { "name": "late-resources", "when": ["resources", "moved"], "use": "hold" },
                { "name": "old-resources", "when": ["resources", "intact"], "older-than": "24h", "use": "hold" },
                { "name": "strictest-wins", "when": ["released"], "within": "1h", "use": "strictest-wins" },
                { "name": "released", "when": ["released"], "use": "hold" },
                { "name": "freeze-adds", "when": ["always"], "use": "append-only" }
              ],
              "check": ["limits"],
              "decide": { "deadline": "7d", "fallback": "theirs" },
              "record": "history",
              "promises": ["deterministic", "idempotent", "needs-base", "may-hold"]
            },
            {
              "edit": "unfreeze", "register": "freezes", "detect": "version",
              "guard": [
                { "include": "reseller-customer" },
                { "guard": "partner-state", "not": ["frozen"], "kind": "account-and-resources" },
                { "guard": "freeze-stands" },
                { "guard": "cures" }
              ],
              "combine": [
                { "name": "freeze-wins", "when": ["unseen"], "use": "server-wins" },
                { "name": "observed-remove", "when": ["always"], "use": "observed-remove" }
              ],
              "check": ["limits"],
              "record": "history",
              "promises": ["deterministic", "idempotent"]
            },
            {
              "edit": "set-discount", "register": "discount", "detect": "version",
              "guard": [
                { "include": "referral-customer" },
                { "guard": "authorised-range", "grace": "30d", "else-moved": "hold" },
                { "guard": "validity" }
              ],
              "combine": [
                { "name": "compare-and-set", "when": ["intact"], "use": "client-wins" },
                { "name": "hold", "when": ["moved"], "use": "hold" }
              ],
              "check": ["limits"],
              "decide": { "fallback": "none" },
              "record": "history",
              "promises": ["deterministic", "idempotent", "needs-base", "may-hold"]
            },
            {
              "edit": "cancel-discount", "register": "discount", "detect": "version",
              "guard": [
                { "include": "referral-customer" },
                { "guard": "has-discount" }
              ],
              "combine": [
                { "name": "compare-and-set", "when": ["intact"], "use": "client-wins" },
                { "name": "hold", "when": ["moved"], "use": "hold" }
              ],
              "check": ["limits"],
              "decide": { "fallback": "none" },
              "record": "history",
              "promises": ["deterministic", "idempotent", "needs-base", "may-hold"]
            },
            {
              "edit": "assign-manager", "register": "manager", "detect": "version",
              "guard": [
                { "guard": "associated" },
                { "guard": "unassigned", "when": ["intact"] }
              ],
              "combine": [
                { "name": "first-assignment", "when": ["intact"], "use": "client-wins" },
                { "name": "first-writer", "when": ["moved"], "use": "first-writer" }
              ],
              "check": ["limits"],
              "record": "history",
              "promises": ["deterministic", "idempotent", "needs-base"]
            },
            {
              "edit": "withdraw-manager", "register": "manager", "detect": "version",
              "guard": [
                { "guard": "associated" },
                { "guard": "assigned", "when": ["intact"] }
              ],
              "combine": [
                { "name": "compare-and-set", "when": ["intact"], "use": "client-wins" },
                { "name": "first-writer", "when": ["moved"], "use": "first-writer" }
              ],
              "check": ["limits"],
              "record": "history",
              "promises": ["deterministic", "idempotent", "needs-base"]
            },
            {
              "edit": "set-label", "register": "label", "detect": "version",
              "guard": [
                { "guard": "associated" }
              ],
              "combine": [
                { "name": "last-writer", "when": ["always"], "use": "last-writer" }
              ],
              "check": ["limits"],
              "record": "history",
              "promises": ["deterministic", "idempotent"]
            },
            {
              "edit": "decide-request", "register": "request", "detect": "version",
              "guard": [
                { "guard": "role", "in": ["administrator"] },
                { "guard": "pending", "when": ["intact"] },
                { "guard": "partner-state", "not": ["frozen"], "when": ["approval"] },
                { "guard": "not-frozen", "when": ["approval"] }
              ],
              "combine": [
                { "name": "first-decision", "when": ["intact"], "use": "client-wins" },
                { "name": "first-writer", "when": ["moved"], "use": "first-writer" }
              ],
              "check": ["limits"],
              "record": "history",
              "promises": ["deterministic", "idempotent", "needs-base"]
            },
            {
              "edit": "decide-conflict", "register": "conflict", "detect": "version",
              "guard": [],
              "combine": [
                { "name": "compare-and-set", "when": ["intact"], "use": "client-wins" },
                { "name": "first-writer", "when": ["moved"], "use": "first-writer" }
              ],
              "check": ["limits"],
              "record": "history",
              "promises": ["deterministic", "idempotent", "needs-base"]
            }
          ]
        }

        """#
}
