#!/bin/sh
# The checks of `make test`: all are run, whatever fails, and any failure fails the whole.
# Tests come last and in one pytest, so that its closing line is the last one printed.
set -u
cd "$(dirname "$0")/.." || exit 1
PATH=$PWD/.venv/bin:$PATH
failed=

check() { # name, command
    name=$1
    shift
    begun=$(date +%s)
    said=$("$@" 2>&1) && outcome=ok || outcome=FAILED failed="$failed $name"
    [ "$outcome" = ok ] || printf '%s\n' "$said"
    printf '%-24s %-7s %4s s\n' "$name" "$outcome" "$(($(date +%s) - begun))"
}

shell_scripts() {
    grep -rlE --exclude-dir=go '^#!(/usr)?/bin/(env )?(ba)?sh' toolchain .ci images
}

static() {
    check format ruff format --quiet --check .
    check lint ruff check --quiet .
    check types mypy --no-error-summary
    check layers lint-imports
    # shellcheck disable=SC2046  # one argument per script; their names hold no spaces
    check shell shellcheck $(shell_scripts)
    check dockerfiles hadolint images/*/Dockerfile
}

suites=
for part in "$@"; do
    case $part in
    static) static ;;
    *) suites="$suites tests/$part" ;;
    esac
done
[ -z "$failed" ] || printf 'failed:%s\n' "$failed"
if [ -n "$suites" ]; then
    # shellcheck disable=SC2086  # several folders
    pytest $suites || exit
fi
[ -z "$failed" ]
