# Sourced by every script: where things are, how they say what they do, how they get what they need.
# shellcheck shell=bash
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache="$root/.cache"

# Colours only where somebody sees them.
if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' plain=$'\e[0m'
else
    bold='' dim='' red='' plain=''
fi

# Progress goes to stderr: stdout is for what was asked for.
step() { printf '%s==> %s%s\n' "$bold" "$*" "$plain" >&2; }
note() { printf '%s    %s%s\n' "$dim" "$*" "$plain" >&2; }
die() {
    printf '%serror: %s%s\n' "$red" "$*" "$plain" >&2
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# Runs a command as root, if that is possible without asking.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif has sudo && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

# need COMMAND PACKAGE: installs the Debian package when the command is missing.
need() {
    has "$1" && return
    has apt-get || die "$1 is missing; install it"
    step "installing $2 ($1 is missing)"
    {
        as_root apt-get update -qq &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2"
    } </dev/null >&2 || die "$1 is missing and could not be installed; try: sudo apt-get install $2"
    has "$1" || die "$2 is installed, and $1 is still missing"
}

# What needs a compiler: cargo and a linker.
need_rust() {
    has cargo || [ ! -f "$HOME/.cargo/env" ] || . "$HOME/.cargo/env"
    has cargo || die "cargo is missing: install Rust $(rust_version) or newer (rustup.rs)"
    need cc gcc
}

rust_version() { sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -1; }

# need_node: Node.js 20 or newer with npm.
need_node() {
    has node && has npm || die "node and npm are missing: install Node.js 20 or newer"
    local major
    major=$(node -p 'process.versions.node.split(".")[0]')
    [ "$major" -ge 20 ] || die "Node.js $(node -v) is too old: 20 or newer is needed"
}

need_python() {
    need python3 python3
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        die "$(python3 --version) is too old: 3.11 or newer is needed"
}

# port_or_free PORT: PORT when nothing listens there, otherwise a free one.
port_or_free() {
    python3 - "$1" <<'EOF'
import socket, sys
for port in (int(sys.argv[1]), 0):
    try:
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))
            print(s.getsockname()[1])
            break
    except OSError:
        continue
EOF
}

# random_key: 40 characters from the operating system.
random_key() { od -An -N20 -tx1 /dev/urandom | tr -d ' \n'; }

# wait_for SECONDS PID COMMAND...: until the command succeeds; fails when time is up or PID is gone.
wait_for() {
    local end=$((SECONDS + $1)) pid=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        kill -0 "$pid" 2>/dev/null || return 1
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}
