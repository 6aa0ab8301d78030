/** H.265, which no browser here decodes: what leaves as packets decodes to the pictures of the file. */
import { afterAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { openMediaFile } from "../../src/client/media-file.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { Packetizer } from "../../src/wire/packetize.ts";
import { assembleH265 } from "../support/assemble-h265.ts";
import { binary } from "../support/binary.ts";
import { Clips, lacksFfmpeg, OPUS } from "../support/clips.ts";
import { pictureHashes } from "../support/pictures.ts";
import { startServer } from "../support/server.ts";
import { until } from "../support/until.ts";

const X265 = [
  "-c:v",
  "libx265",
  "-preset",
  "ultrafast",
  "-x265-params",
  "bframes=0:log-level=0:keyint=15",
];

describe.skipIf(lacksFfmpeg("H.265"))("H.265", () => {
  const clips = new Clips();
  afterAll(() => clips.remove());
  const files = {
    "apart.mp4": ["-tag:v", "hvc1"],
    "inside.mp4": ["-tag:v", "hev1"],
    "plain.mkv": [],
  };

  for (const [name, args] of Object.entries(files)) {
    test(`${name}: the packets decode to the very pictures`, async () => {
      const path = await clips.make(name, [...X265, ...args, ...OPUS]);
      const file = await openMediaFile(Bun.file(path), path, { audio: false, video: true });
      const packetizer = new Packetizer(Codec.h265, 500, 0);
      const units: string[] = [];
      const playback = file.play(false);
      for (let item = await playback.next(); item !== null; item = await playback.next()) {
        if ("refused" in item) throw new Error(item.refused);
        const found: Buffer[] = [];
        packetizer.packetize(item.data, (payload, length) =>
          found.push(Buffer.from(payload.slice(0, length))),
        );
        const own = assembleH265(found);
        // VPS, SPS and PPS stand in front of each keyframe, where the container keeps them apart, too.
        if (item.key)
          expect(own.slice(0, 3).map((unit) => unit.slice(0, 2))).toEqual(["40", "42", "44"]);
        units.push(...own);
      }
      expect(file.track("video")?.fmtp).toMatch(
        /^level-id=30;profile-id=1;tier-flag=0;tx-mode=SRST$/,
      );
      file.close();
      const stream = clips.path(`${name}.hevc`);
      writeFileSync(stream, Buffer.from(units.map((unit) => `00000001${unit}`).join(""), "hex"));
      const expected = await pictureHashes(path);
      expect(expected).toHaveLength(30);
      expect(await pictureHashes(stream)).toEqual(expected);
    }, 80_000);
  }

  test("the server takes it, and knows codec and size", async () => {
    const server = await startServer("serve");
    const path = await clips.make("served.mp4", [...X265, "-tag:v", "hvc1", ...OPUS]);
    const args = [await binary(), "publish", path, `${server.base}/whip/h265`, "--loop"];
    const publisher = Bun.spawn(args, { stdio: ["ignore", "ignore", "ignore"] });
    try {
      const seen = () => server.api("/streams/h265").then(JSON.stringify, String);
      await until(
        "a keyframe of 160x90 in H.265",
        10_000,
        async () => /h265/.test(await seen()) && /"width":160/.test(await seen()),
        seen,
      );
    } finally {
      publisher.kill("SIGINT");
      expect(await publisher.exited).toBe(0);
      await server.stop();
    }
  }, 120_000);
});
