#!/bin/sh
# npm test: installs what is missing, then checks format, lint and types, builds dist/spillway and
# runs every test, on the sources and on the executable (scripts/tests.ts), or with arguments, which
# go to `bun test`, some of them.
set -eu
. "$(dirname "$0")/bun.sh"
started=$(date +%s)

missing=0
need "/usr/lib/$(uname -m)-linux-gnu/libssl.so.3" libssl3 "DTLS and SRTP" || missing=1
need chromium chromium "end-to-end tests" || missing=1
need openssl openssl "certificates in tests" || missing=1
need nginx nginx-light "tests behind a proxy" || missing=1
need varnishd varnish "tests behind a cache" || missing=1
need ffmpeg ffmpeg "media files in tests" || missing=1
need etcd etcd-server "names by etcd" || missing=1
need python3 python3-minimal "a receiver for sd_notify in tests" || missing=1
if [ "$missing" = 1 ]; then exit 1; fi

"$bun" scripts/check.ts
"$bun" scripts/build.ts
# Tests whose time bounds were missed while others had the machine write a line here.
VOID_TESTS=$(mktemp)
export VOID_TESTS
trap 'rm -f "$VOID_TESTS"' EXIT
status=0
if [ $# = 0 ]; then
  "$bun" scripts/tests.ts || status=$?
else
  "$bun" test --timeout 120000 "$@" || status=$?
fi
took=$(($(date +%s) - started))
if [ "$status" != 0 ]; then
  echo "Tests failed, after $took s."
elif [ -s "$VOID_TESTS" ]; then
  echo "No check and no test failed in $took s. Void, since others had the machine:"
else
  echo "All checks and tests passed in $took s."
fi
cat "$VOID_TESTS"
exit "$status"
