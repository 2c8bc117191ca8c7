#!/bin/sh
# Makes the checkout's .venv: Python with venv, uv, then exactly what uv.lock says.
# Writes to the checkout's .venv and to the cache; installs Python from the distribution only if it is missing, and
# says so first. Run again, it only checks.
set -eu

checkout=$(cd "$(dirname "$0")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}
case $cache in /*) ;; *) cache=$HOME/.cache ;; esac
cache=$cache/ainp
export UV_PYTHON_DOWNLOADS=never
log=
begun=

fail() { # what, why, what to do by hand
    printf '%s\n  why:     %s\n  by hand: %s\n' "$1" "$2" "$3" >&2
    exit 1
}

begin() {
    begun=$(date +%s)
    printf '  %s ...\n' "$1"
}

end() {
    printf '  %-72s done %7s s\n' "$1" "$(($(date +%s) - begun))"
}

tail_of_log() { tail -n 8 "$log"; }

cleanup() { [ -z "$log" ] || rm -rf "$log" "$log.d"; }
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

usable_python() { # prints the first Python that is recent enough and can make environments
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if (cd "$checkout" && "$candidate" -c '
import ensurepip, sys, venv
from toolchain.versions import accepts
sys.exit(not accepts("python", "%d.%d.%d" % sys.version_info[:3]))') >/dev/null 2>&1; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}

install_python() {
    by_hand='install Python 3.11 or later with its venv module (Debian: apt-get install python3 python3-venv)'
    command -v apt-get >/dev/null 2>&1 || fail 'python: 3.11 or later with venv is missing' 'there is no apt-get here' "$by_hand"
    [ "$(id -u)" -eq 0 ] || fail 'python: 3.11 or later with venv is missing' 'only root can install it' "$by_hand"
    begin 'system: apt-get install python3 python3-venv (the project is written in Python)'
    { apt-get update --quiet && DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet \
        --no-install-recommends python3 python3-venv ca-certificates; } </dev/null >"$log" 2>&1 ||
        fail 'python: apt-get failed' "$(tail_of_log)" "$by_hand"
    end 'system: apt-get install python3 python3-venv'
}

install_uv() { # version, folder
    begin "uv: install $1 from the Python package index into the cache"
    { "$python" -m venv "$log.d/venv" &&
        "$log.d/venv/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$1" &&
        mkdir -p "$log.d/entry/bin" "$(dirname "$2")" &&
        cp "$log.d/venv/bin/uv" "$log.d/entry/bin/uv" &&
        cp -R "$log.d/entry" "$2.$$" && { mv "$2.$$" "$2" || rm -rf "$2.$$"; } } </dev/null >"$log" 2>&1 || {
        why=$(tail_of_log)
        rm -rf "$2.$$"
        fail "uv: $1 could not be installed" "$why" \
            "see that pip can install: pip download uv==$1; or put uv $1 on PATH; then run this again"
    }
    end "uv: install $1"
}

if ! log=$(mktemp 2>/dev/null); then
    log=
    fail 'bootstrap: no temporary file can be made' 'the disk may be full, or TMPDIR wrong' "make room in ${TMPDIR:-/tmp}"
fi
python=$(usable_python) || {
    install_python
    python=$(usable_python) || fail 'python: 3.11 or later with venv is missing' \
        "the distribution offers $(python3 --version 2>&1)" 'install a newer Python and put python3 on PATH'
}

version=$(cd "$checkout" && "$python" -m toolchain.versions pinned uv)
uv=$cache/tools/uv/$version/bin/uv
if [ ! -x "$uv" ]; then
    if command -v uv >/dev/null 2>&1 &&
        (cd "$checkout" && "$python" -m toolchain.versions accepts uv "$(uv --version)"); then
        uv=$(command -v uv)
    else
        install_uv "$version" "$cache/tools/uv/$version"
    fi
fi

# Nothing to ask uv while neither the lock nor the environment has changed.
state=$(cat "$checkout/uv.lock" "$checkout/pyproject.toml" | cksum)
stamp=$checkout/.venv/.synced
if [ "$(cat "$stamp" 2>/dev/null)" = "$state" ] && [ -x "$checkout/.venv/bin/python" ] &&
    "$checkout/.venv/bin/python" -c '' 2>/dev/null; then
    exit 0
fi
# Another Python than that of an environment which works would replace it under those who use it.
interpreter=$checkout/.venv/bin/python
"$interpreter" -c '' 2>/dev/null || interpreter=$(command -v "$python")
begin 'packages: install what uv.lock says into .venv'
# Compiled once here, because Pulumi starts Python anew for every preview: imports take 0.5 s instead of 1.3 s.
(cd "$checkout" && "$uv" sync --frozen --quiet --compile-bytecode --python "$interpreter") </dev/null >"$log" 2>&1 ||
    fail 'packages: uv sync failed' "$(tail_of_log)" \
        'see that the Python package index can be reached and the disk has room, and run this again'
printf '%s\n' "$state" >"$stamp"
end 'packages: install what uv.lock says into .venv'
