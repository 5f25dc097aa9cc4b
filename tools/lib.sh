# Shared by the tools of this folder; sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Makes sure that Swift and the header of SQLite are there, or says exactly what to type.
need_toolchain() {
    if ! command -v swift >/dev/null; then
        echo "Swift is not on PATH. Install Swift 6.2 or newer, then run this again." >&2
        exit 69
    fi
    [ -e /usr/include/sqlite3.h ] && return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing libsqlite3-dev" >&2
        { apt-get update -qq && apt-get install -y -qq libsqlite3-dev; } >&2 && return 0
    fi
    echo "The header of SQLite is missing. Type:  sudo apt-get install -y libsqlite3-dev   then run this again." >&2
    exit 69
}

# Prints the path of the built programs; builds them first. $1: release or debug.
build_programs() {
    # The linker's remark on a function of the static library that is never called is not ours to mend.
    (cd "$root" && swift build -c "$1" --static-swift-stdlib --quiet 2>&1 | { grep -v "mktemp" >&2 || true; } &&
        swift build -c "$1" --static-swift-stdlib --show-bin-path)
}

# Waits until a file exists. $1: file, $2: seconds.
wait_for_file() {
    local left=$(($2 * 50))
    until [ -s "$1" ]; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || { echo "nothing appeared at $1 within $2 s" >&2; return 1; }
        sleep 0.02
    done
}
