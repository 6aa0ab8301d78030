# Sourced by start.sh and test.sh: installs what is missing and sets $bun. Needs Node and npm only.
#
# The bun package's install script puts the executable into place. npm may be told not to run such
# scripts; the executable is then in the package of the platform.

cd "$(dirname "$0")/.."

works() {
  [ -x "$1" ] && "$1" --version >/dev/null 2>&1
}

find_bun() {
  for candidate in node_modules/.bin/bun node_modules/@oven/bun-*/bin/bun; do
    if works "$candidate"; then
      bun=$PWD/$candidate
      return 0
    fi
  done
  return 1
}

# npm leaves a copy of the lock file here: newer than ours means that everything is installed.
if [ ! node_modules/.package-lock.json -nt package-lock.json ] || ! find_bun; then
  echo "Installing from the npm registry ..."
  npm install --no-audit --no-fund --loglevel=error
fi
if ! find_bun; then
  echo "Bun does not run on this machine: $(uname -sm). Needed: Linux on x64 or arm64, glibc." >&2
  exit 1
fi
# `bun` inside package scripts and tests means this one.
PATH=$(dirname "$bun"):$PWD/node_modules/.bin:$PATH
export PATH

# Debian's packages that are missing, when we may install them; else says what is missing.
# Usage: need COMMAND_OR_FILE PACKAGE WHAT_FOR
need() {
  if command -v "$1" >/dev/null 2>&1 || [ -e "$1" ]; then return 0; fi
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing $2 ($3) ..."
    if DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null 2>&1; then
      return 0
    fi
    apt-get update -qq >/dev/null 2>&1 || true
    if DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null 2>&1; then
      return 0
    fi
  fi
  echo "Missing: $1 ($3). Install it, on Debian: apt-get install $2" >&2
  return 1
}
