#!/bin/sh
# Removes from Docker what test stacks left: containers, networks and volumes whose label ainp.stack begins with t-.
# Nothing else is touched, and nothing is done where no engine answers.
set -eu

docker version >/dev/null 2>&1 || exit 0

remove() { # kind; on standard input: its name and its stack, a line each
    found=$(awk '$2 ~ /^t-/ { print $1 }')
    [ -n "$found" ] || return 0
    printf '  removing what test stacks left: %s %s\n' "$(printf '%s\n' "$found" | wc -l)" "$1"
    printf '%s\n' "$found" | xargs docker "$1" rm --force >/dev/null
}

docker container ls --all --filter label=ainp.stack --format '{{.ID}} {{.Label "ainp.stack"}}' | remove container
docker volume ls --filter label=ainp.stack --format '{{.Name}} {{.Label "ainp.stack"}}' | remove volume
docker network ls --filter label=ainp.stack --format '{{.ID}} {{.Label "ainp.stack"}}' |
    awk '$2 ~ /^t-/ { print $1 }' | xargs -r docker network rm >/dev/null
