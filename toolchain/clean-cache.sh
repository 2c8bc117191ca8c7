#!/bin/sh
# Deletes the cache of tools. The log of a running dockerd goes with it; the daemon goes on.
set -eu
cache=${XDG_CACHE_HOME:-$HOME/.cache}
case $cache in /*) ;; *) cache=$HOME/.cache ;; esac
printf 'deleting %s/ainp\n' "$cache"
rm -rf "${cache:?}/ainp"
