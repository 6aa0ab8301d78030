#!/bin/sh
# npm start: installs what is missing, builds dist/spillway when the sources are newer, and runs it
# with a stream already live. Arguments are those of `spillway demo`: npm start -- --http 0.0.0.0:8080
set -eu
. "$(dirname "$0")/bun.sh"

# Not fatal: without it the executable carries no OpenSSL of its own and uses the machine's.
need "/usr/lib/$(uname -m)-linux-gnu/libssl.so.3" libssl3 "OpenSSL inside the executable" || true

if [ ! -x dist/spillway ] ||
  [ -n "$(find src workers scripts package.json package-lock.json -newer dist/spillway -print -quit)" ]; then
  "$bun" scripts/build.ts
fi
exec dist/spillway demo "$@"
