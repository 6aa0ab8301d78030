#!/bin/sh
# npm test: installs what is missing, then checks format, lint and types, builds dist/spillway and
# runs every test, on the sources and on the executable. Arguments go to `bun test`.
set -eu
. "$(dirname "$0")/bun.sh"
started=$(date +%s)

missing=0
need "/usr/lib/$(uname -m)-linux-gnu/libssl.so.3" libssl3 "DTLS and SRTP" || missing=1
need chromium chromium "end-to-end tests" || missing=1
need openssl openssl "certificates in tests" || missing=1
need nginx nginx-light "tests behind a proxy" || missing=1
need ffmpeg ffmpeg "media files in tests" || missing=1
need python3 python3-minimal "a receiver for sd_notify in tests" || missing=1
if [ "$missing" = 1 ]; then exit 1; fi

"$bun" scripts/check.ts
"$bun" scripts/build.ts
"$bun" test --timeout 20000 "$@"
echo "All checks and tests passed in $(($(date +%s) - started)) s."
