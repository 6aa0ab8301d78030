/** The ffmpeg line that turns a file into one that can be sent. */

/** What of the file has to be encoded anew; the rest is copied. */
export interface Conversion {
  readonly video: boolean;
  readonly audio: boolean;
  readonly interlaced?: boolean;
  readonly encrypted?: boolean;
}

/**
 * ffmpeg turns pictures as the file says by itself. Even sides are H.264's; square pixels are
 * WebRTC's. A Matroska file holds whatever is copied.
 */
export function conversion(name: string, { video, audio, ...oddities }: Conversion): string {
  const filters = [
    ...(oddities.interlaced ? ["yadif"] : []),
    "scale=trunc(iw*sar/2)*2:trunc(ih/2)*2",
    "setsar=1",
  ];
  const picture = video
    ? `-vf ${quoted(filters.join(","))} -c:v libx264 -profile:v baseline -bf 0 -g 60 -pix_fmt yuv420p`
    : "-c:v copy";
  const sound = audio ? "-c:a libopus -b:a 128k -ac 2" : "-c:a copy";
  const key = oddities.encrypted ? "-decryption_key KEY " : "";
  // ffmpeg does not write into the file that it reads.
  const out = /(^|\/)out\.mkv$/.test(name) ? "out-2.mkv" : "out.mkv";
  return `Convert it: ffmpeg ${key}-i ${quoted(name)} ${picture} ${sound} -sn -dn ${out}`;
}

/** For a shell: bare where nothing in it is special. */
export function quoted(text: string): string {
  if (/^[\w./=:,*@%+-]+$/.test(text) && !text.includes("*")) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
