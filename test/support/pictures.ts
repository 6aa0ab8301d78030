/** Pictures of media files, as ffmpeg decodes them. */

/**
 * A hash of each decoded picture, in order. Throws with ffmpeg's first words when it finds the
 * least fault.
 */
export async function pictureHashes(file: string): Promise<readonly string[]> {
  const command = ["ffmpeg", "-v", "error", "-xerror", "-threads", "1", "-i", file, "-map", "0:v"];
  const child = Bun.spawn([...command, "-fps_mode", "passthrough", "-f", "framemd5", "-"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0 || err !== "") {
    const [first = "", ...more] = err.trim().split("\n");
    throw new Error(`${file}: ${first}${more.length > 0 ? ` and ${more.length} lines more` : ""}`);
  }
  return out
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.slice(line.lastIndexOf(",") + 1).trim());
}

/**
 * Where pictures depart from a clip that is played round and round, from whichever picture they
 * begin at: the index of the first that does not follow, or -1.
 */
export function departure(pictures: readonly string[], clip: readonly string[]): number {
  const start = clip.indexOf(pictures[0] ?? "");
  if (start < 0) return 0;
  return pictures.findIndex((hash, index) => hash !== clip[(start + index) % clip.length]);
}
