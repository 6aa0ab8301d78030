#!/bin/sh
# Makes a root folder with the executable, glibc and nothing else, for a container or for chroot. There
# /proc must be mounted: Bun opens its own executable through it.
# Usage: root.sh EXECUTABLE FOLDER
set -eu
executable=$1
folder=$2

mkdir -p "$folder/proc" "$folder/tmp"
chmod 1777 "$folder/tmp"
cp "$executable" "$folder/spillway"
for library in $(ldd "$executable" | grep -o '/[^ ]*\.so[^ ]*'); do
  mkdir -p "$folder$(dirname "$library")"
  cp -L "$library" "$folder$library"
done
