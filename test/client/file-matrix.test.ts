/** What ffmpeg makes is sent as it is, or refused with a line that makes it fit. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openMediaFile } from "../../src/client/media-file.ts";
import { Clips, lacksFfmpeg } from "../support/clips.ts";
import { FRAMES, PLAYING, REFUSED } from "../support/file-matrix.ts";

const open = (path: string) => openMediaFile(Bun.file(path), path, { audio: true, video: true });

describe.skipIf(lacksFfmpeg("files of many kinds"))("files of many kinds", () => {
  const clips = new Clips();
  const made = new Map<string, string>();
  beforeAll(async () => {
    // As many at once as a small machine has cores.
    const queue = [...PLAYING, ...REFUSED];
    const work = async (): Promise<void> => {
      for (let each = queue.shift(); each !== undefined; each = queue.shift()) {
        made.set(each.file, await each.make(clips, each.file));
      }
    };
    await Promise.all([work(), work()]);
  }, 240_000);
  afterAll(() => clips.remove());

  /** Frames of each kind, keyframes, and the times of the first ones. */
  async function contents(path: string) {
    const file = await open(path);
    const playback = file.play(false);
    const counts = { video: 0, audio: 0, keys: 0, firstKey: false };
    const last = { video: -Infinity, audio: -Infinity };
    for (let item = await playback.next(); item !== null; item = await playback.next()) {
      if ("refused" in item) throw new Error(item.refused);
      expect(item.timeUs).toBeGreaterThan(last[item.kind]);
      last[item.kind] = item.timeUs;
      if (item.kind === "video" && counts.video === 0) counts.firstKey = item.key;
      counts[item.kind] += 1;
      if (item.kind === "video" && item.key) counts.keys += 1;
    }
    file.close();
    return counts;
  }

  for (const { name, file, sound, size } of PLAYING) {
    test(name, async () => {
      const found = await contents(made.get(file)!);
      expect(found.firstKey).toBe(size !== null);
      expect(found.video).toBe(size === null ? 0 : FRAMES);
      if (sound === "none") expect(found.audio).toBe(0);
      else expect(found.audio).toBeGreaterThan(90);
    }, 80_000);
  }

  for (const { name, file, refused } of REFUSED) {
    test(`${name}: refused, and the line given helps`, async () => {
      const path = made.get(file)!;
      const error = await open(path).then(
        () => null,
        (reason: Error) => reason,
      );
      expect(error?.message).toMatch(refused!);
      const found = await contents(await clips.convert(error!.message));
      expect(found.video).toBeGreaterThan(FRAMES - 3);
      expect(found.firstKey).toBe(true);
    }, 80_000);
  }

  test("an encrypted file: the line needs the key", async () => {
    const key = "00112233445566778899aabbccddeeff";
    const encryption = [
      "-encryption_scheme",
      "cenc-aes-ctr",
      "-encryption_key",
      key,
      "-encryption_kid",
      key,
    ];
    const source = made.get("fast.mp4")!;
    const path = await clips.ffmpeg("secret.mp4", ["-i", source, "-c", "copy", ...encryption]);
    const error = await open(path).then(
      () => null,
      (reason: Error) => reason,
    );
    expect(error?.message).toMatch(/is encrypted\. .*-decryption_key KEY -i /);
    const found = await contents(await clips.convert(error!.message.replace("KEY", key)));
    expect(found.video).toBe(FRAMES);
  }, 80_000);

  test("names that a shell would take apart", async () => {
    const path = await clips.make("it's $HOME `a b`.mp4", ["-c:v", "mpeg4"]);
    const error = await open(path).then(
      () => null,
      (reason: Error) => reason,
    );
    expect((await contents(await clips.convert(error!.message))).video).toBeGreaterThan(28);
  }, 80_000);
});
