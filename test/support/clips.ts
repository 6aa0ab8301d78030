/** Small media files that ffmpeg makes for a test. */
import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FFMPEG = Bun.which("ffmpeg");

/** True, after saying so once a file, where there is no ffmpeg to make files with. */
export function lacksFfmpeg(what: string): boolean {
  if (FFMPEG !== null) return false;
  console.log(`skipped: ${what} (needs ffmpeg: apt-get install ffmpeg)`);
  return true;
}

/** A folder of clips; `remove` ends it. */
export class Clips {
  readonly folder = mkdtempSync(join(tmpdir(), "spillway-clips-"));

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Runs ffmpeg on a second of a test picture (160x90) and a tone, and returns the file's path. */
  make(name: string, args: readonly string[], seconds = 1): Promise<string> {
    const picture = `testsrc2=s=160x90:r=30:d=${seconds}`;
    const sources = [
      "-f",
      "lavfi",
      "-i",
      picture,
      "-f",
      "lavfi",
      "-i",
      `sine=d=${seconds}:r=48000`,
    ];
    return this.ffmpeg(name, [...sources, "-pix_fmt", "yuv420p", ...args]);
  }

  async ffmpeg(name: string, args: readonly string[]): Promise<string> {
    const path = this.path(name);
    await run([FFMPEG!, "-v", "error", "-nostdin", "-y", ...args, path], this.folder);
    return path;
  }

  /** Runs the line that a refusal gives, as a shell would; the result gets a name. */
  async convert(message: string, name = "converted.mkv"): Promise<string> {
    const line = /Convert it: (ffmpeg .*) (\S+)$/.exec(message);
    if (line === null) throw new Error(`no line in: ${message}`);
    // A folder of its own: every line writes to one name.
    const folder = mkdtempSync(join(this.folder, "line-"));
    const command = `${line[1]!.replace("ffmpeg", "ffmpeg -v error -nostdin")} ${line[2]}`;
    await run(["sh", "-c", command], folder);
    renameSync(join(folder, line[2]!), this.path(name));
    return this.path(name);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function run(command: readonly string[], folder: string): Promise<void> {
  const child = Bun.spawn([...command], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const complaint = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")}: ${complaint}`);
}

export const H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "15"];
export const OPUS = ["-c:a", "libopus", "-b:a", "32k"];
