#!/bin/sh
# Makes src/cli/demo.mp4, the clip of `spillway demo`: 12 s that loop without a seam, a running
# clock, and a beep with a flash on each full second. Needs ffmpeg with libx264, libopus and
# freetype, and the DejaVu fonts (Debian: apt install ffmpeg fonts-dejavu-core).
#
# H.264 constrained baseline without B-frames and with a keyframe each second: what every browser
# decodes, and a viewer never waits long. Opus in 20 ms packets.
set -eu
cd "$(dirname "$0")/.."
out=${1:-src/cli/demo.mp4}
fonts=/usr/share/fonts/truetype/dejavu
bold="fontfile=$fonts/DejaVuSans-Bold.ttf"
mono="fontfile=$fonts/DejaVuSansMono-Bold.ttf"

# Colours and bars move with a period that divides 12 s, so that the loop has no seam.
background="color=c=0x10263b:s=320x180:r=30:d=12,format=yuv444p,
geq=lum='84+26*sin(2*PI*(X/160+T/6))+18*sin(2*PI*(Y/120-T/4))+10*sin(2*PI*((X+Y)/200+T/3))':
cb='142+14*sin(2*PI*(X/320-T/6))':cr='112+16*sin(2*PI*(Y/180+T/4))',
scale=1280:720:flags=bicubic,format=yuv420p"

# The bar runs once across the picture each second; the square flashes for the beep's 100 ms.
picture="[bg][bar]overlay=x='-1280+1280*mod(t,1)':y=668[a];
[a]drawbox=x=1116:y=64:w=100:h=100:color=0xffd166:t=fill:enable='lt(mod(t,1),0.1)',
drawtext=$bold:text='Spillway':fontcolor=white:fontsize=96:x=64:y=64,
drawtext=$bold:text='WHIP in, WHEP out':fontcolor=0xbfe3ee:fontsize=34:x=70:y=176,
drawtext=$mono:text='%{eif\\:floor(t+0.001)\\:d\\:2}.%{eif\\:mod(floor(t*1000+0.5)\\,1000)\\:d\\:3}':fontcolor=white:fontsize=190:x=(w-tw)/2:y=(h-th)/2+30:
box=1:boxcolor=0x06121e@0.55:boxborderw=30,
drawtext=$mono:text='frame %{frame_num}':fontcolor=0xbfe3ee:fontsize=34:x=64:y=600"

ffmpeg -hide_banner -loglevel error -y \
  -f lavfi -i "$(printf %s "$background" | tr -d '\n')" \
  -f lavfi -i "color=c=0x1b9aaa:s=1280x12:r=30:d=12" \
  -f lavfi -i "aevalsrc='0.4*sin(2*PI*(880+220*eq(mod(floor(t),4),0))*t)*lt(mod(t,1),0.1)*min(1,min(mod(t,1)*200,(0.1-mod(t,1))*200))|0.4*sin(2*PI*(880+220*eq(mod(floor(t),4),0))*t)*lt(mod(t,1),0.1)*min(1,min(mod(t,1)*200,(0.1-mod(t,1))*200))':s=48000:d=12" \
  -filter_complex "$(printf '[0:v]copy[bg];[1:v]copy[bar];%s[v]' "$(printf %s "$picture" | tr -d '\n')")" \
  -map '[v]' -map 2:a -t 12 \
  -c:v libx264 -profile:v baseline -level 3.1 -preset slow -pix_fmt yuv420p \
  -b:v 1400k -maxrate 1700k -bufsize 1000k -g 30 -keyint_min 30 -sc_threshold 0 -bf 0 -refs 1 \
  -c:a libopus -b:a 64k -application audio -frame_duration 20 -ac 2 \
  -map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -movflags +faststart \
  "$out"
ls -l "$out"
