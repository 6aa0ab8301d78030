import { expect, test } from "bun:test";
import { besideOf } from "../../src/web/addresses.ts";

test("tail and events of a stream stand beside its WHEP address", () => {
  for (const front of ["", "https://x.example:8443", "https://x.example/live"]) {
    for (const name of ["a", "news/1", "whep/whep", "hls/index.m3u8"]) {
      const whep = `${front}/whep/${name}`;
      expect(besideOf(whep, "whep", "hls")).toBe(`${front}/hls/${name}/index.m3u8`);
      expect(besideOf(`${whep}?token=a/b`, "whep", "events")).toBe(
        `${front}/events/${name}?token=a/b`,
      );
      const hls = `${front}/hls/${name}/index.m3u8`;
      expect(besideOf(hls, "hls", "events")).toBe(`${front}/events/${name}`);
    }
  }
});

test("of another server's address only the tail is guessed", () => {
  expect(besideOf("https://x.example/rtc/v1/play/?app=a", "whep", "events")).toBe(null);
  expect(besideOf("https://x.example/rtc", "whep", "hls")).toBe("https://x.example/rtc/index.m3u8");
  expect(besideOf(null, "whep", "hls")).toBe(null);
});
