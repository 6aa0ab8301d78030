#!/bin/sh
# Puts Spillway's executable in place, from a tarball here or elsewhere, if its sum is right.
# Usage: sh install.sh FILE_OR_URL [FOLDER]
# SHA256SUMS must stand beside the tarball. FOLDER: where the executable goes, /usr/local/bin if not said.
set -eu

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

[ $# -eq 1 ] || [ $# -eq 2 ] || fail "Usage: sh install.sh FILE_OR_URL [FOLDER]"
source=$1
folder=${2:-/usr/local/bin}
name=${source##*/}
work=$(mktemp -d)
fresh=
trap 'rm -rf "$work" ${fresh:+"$fresh"}' EXIT
trap 'exit 1' HUP INT TERM

# Usage: get FILE_OR_URL TARGET
get() {
  case $1 in
  http://* | https://*)
    if command -v curl >/dev/null; then
      curl --fail --silent --show-error --location --output "$2" "$1" || fail "$1 cannot be had"
    elif command -v wget >/dev/null; then
      wget --quiet --output-document "$2" "$1" || fail "$1 cannot be had"
    else
      fail "neither curl nor wget is here: fetch $1 and SHA256SUMS yourself"
    fi
    ;;
  *) cp "$1" "$2" || fail "$1 cannot be read" ;;
  esac
}

case $(uname -m) in
x86_64) architecture=x64 ;;
aarch64) architecture=arm64 ;;
*) architecture=$(uname -m) ;;
esac
case $name in
spillway-*-linux-"$architecture".tar.gz) ;;
*) fail "$name is no tarball of Spillway for this machine (linux-$architecture)" ;;
esac

case $source in
*/*) sums=${source%/*}/SHA256SUMS ;;
*) sums=SHA256SUMS ;;
esac
get "$sums" "$work/SHA256SUMS"
get "$source" "$work/$name"
mkdir -p "$folder" && folder=$(cd "$folder" && pwd) || fail "$folder cannot be made: try sudo"
cd "$work"
awk -v name="$name" '$2 == name' SHA256SUMS >sum
[ -s sum ] || fail "$sums does not name $name"
sha256sum --check --strict --status sum || fail "$name is not what $sums says: damaged, or another one"

tar -xzf "$name" --strip-components=1
# What runs cannot be overwritten, but it can be replaced.
fresh=$folder/.spillway.new
cp spillway "$fresh" && chmod 755 "$fresh" || fail "$folder cannot be written: try sudo"
version=$("$fresh" --version) || fail "the executable does not run on this machine"
mv -f "$fresh" "$folder/spillway"

echo "$folder/spillway: $version"
echo "Next:"
if [ -e /etc/systemd/system/spillway.service ]; then
  echo "  sudo systemctl restart spillway"
else
  echo "  $folder/spillway demo                    # to look at it"
  echo "  sudo $folder/spillway install --write    # as a service; says what else to run"
fi
