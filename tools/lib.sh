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

# Compiles a C program of this folder by the toolchain's clang. $1: source, $2: program; further arguments go to clang.
compile_c() {
    local clang
    clang=$(dirname "$(readlink -f "$(command -v swift)")")/clang
    [ -x "$clang" ] || clang=clang
    "$clang" -O2 -o "$2" "$1" "${@:3}"
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

programs=(fieldbook fieldbookd fieldbook-server fieldbook-lab)

# Writes a unit with another path of its program. $1: the path, which may hold anything.
unit_for() {
    local path=${1//\\/\\\\} text
    path=${path//%/%%} path=${path//\"/\\\"}
    [[ $path =~ ^[A-Za-z0-9/._@+-]+$ ]] || path="\"$path\""
    while IFS= read -r text; do
        [[ $text != ExecStart=/usr/bin/* ]] || text="ExecStart=$path ${text#* }"
        printf '%s\n' "$text"
    done
}

# Lays out what an installation has. $1: folder of the built programs, $2: folder of the same programs for this machine,
# which write completions and manual pages, $3: where, $4: prefix within it as the installed files name it.
stage_files() {
    local bin=$1 writer=$2 to=$3$4 prefix=$4 strip program
    strip=$(dirname "$(readlink -f "$(command -v swift || true)")")/llvm-objcopy
    install -d "$to/bin" "$to/share/man/man1" "$to/share/bash-completion/completions" \
        "$to/share/zsh/site-functions" "$to/share/fish/vendor_completions.d"
    for program in "${programs[@]}"; do
        install -m 755 "$bin/$program" "$to/bin/$program"
        [ ! -x "$strip" ] || "$strip" --strip-all "$to/bin/$program"
        "$writer/$program" manual | gzip -9n >"$to/share/man/man1/$program.1.gz"
        "$writer/$program" completion bash >"$to/share/bash-completion/completions/$program"
        "$writer/$program" completion zsh >"$to/share/zsh/site-functions/_$program"
        "$writer/$program" completion fish >"$to/share/fish/vendor_completions.d/$program.fish"
    done
    install -d "$to/lib/systemd/user" "$to/lib/systemd/system" "$to/share/doc/fieldbook/examples"
    unit_for "$prefix/bin/fieldbookd" <"$root/Config/fieldbook.service" >"$to/lib/systemd/user/fieldbook.service"
    unit_for "$prefix/bin/fieldbook-server" <"$root/Config/fieldbook-server.service" \
        >"$to/lib/systemd/system/fieldbook-server.service"
    install -m 644 "$root/Config/nginx.conf" "$root/Config/conflict-rules.json" "$to/share/doc/fieldbook/examples/"
}
