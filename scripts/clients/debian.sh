#!/bin/sh
# Builds a folder with a newer Debian that has FFmpeg with the whip muxer and GStreamer's webrtcbin:
#   sh scripts/clients/debian.sh FOLDER
# Needs root and debootstrap. Debian's packages come from where this machine gets its own. A folder
# that is complete is left as it is; delete it to build it anew.
set -eu

SUITE=forky
PACKAGES="ffmpeg gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
  gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-nice
  python3-gi python3-gst-1.0 gir1.2-gst-plugins-bad-1.0"

folder=${1:?usage: debian.sh FOLDER}
if [ -e "$folder/.complete" ]; then exit 0; fi
if [ "$(id -u)" != 0 ]; then
  echo "Building $folder needs root (debootstrap)." >&2
  exit 1
fi
if ! command -v debootstrap >/dev/null; then
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
fi
# Both forms of apt's lists of sources: "URIs: MIRROR" and "deb MIRROR suite ...".
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
  sed -nE 's/^(URIs:|deb( \[[^]]*\])?) *([a-z]+:[^ ]+).*/\3/p' | head -n 1)

echo "Building $folder ($SUITE) ..."
rm -rf "$folder"
# This Debian's debootstrap may not know the newer one's name: all of them are built the same way.
debootstrap --variant=minbase "$SUITE" "$folder" "$mirror" /usr/share/debootstrap/scripts/sid >/dev/null
for setting in /etc/apt/apt.conf.d/*; do
  case $setting in *proxy* | *registry* | *cert*) cp "$setting" "$folder/etc/apt/apt.conf.d/" ;; esac
done
trap 'umount "$folder/proc" 2>/dev/null || true' EXIT
mount -t proc proc "$folder/proc"
# Package names are words of their own here.
# shellcheck disable=SC2086
chroot "$folder" env DEBIAN_FRONTEND=noninteractive sh -c "
  apt-get update -qq && apt-get install -y -qq --no-install-recommends $(echo $PACKAGES)" >/dev/null
touch "$folder/.complete"
