import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import type { LiveTracks } from "../../src/sdp/answer.ts";
import { expectStructure, publish, succeed, watch } from "./support.ts";

const CHROMIUM = "/usr/bin/chromium";
const missing = !existsSync(CHROMIUM);
if (missing) console.warn(`skipped: ${CHROMIUM} is missing, install the package chromium`);

type Role = "publish" | "simulcast" | "watch" | "watch-with-data";

describe.skipIf(missing)("Chromium accepts our answers", () => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      headless: true,
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
    });
    page = await browser.newPage();
    await page.evaluate(INSTALL);
  }, 240_000);

  afterAll(async () => {
    await browser?.close();
  });

  async function exchange(role: Role, answer: (offer: string) => string): Promise<string> {
    const offer = (await page.evaluate(`makeOffer(${JSON.stringify(role)})`)) as string;
    const text = answer(offer);
    expectStructure(offer, text, role.startsWith("watch") ? "viewer" : "publisher");
    return (await page.evaluate(`takeAnswer(${JSON.stringify(text)})`)) as string;
  }

  test("W03 W66 publish, with and without simulcast", async () => {
    const single = await exchange("publish", (offer) => succeed(publish(offer)).sdp);
    expect(single).toBe("stable sendonly sendonly encodings 1 1");
    const layers = await exchange("simulcast", (offer) => succeed(publish(offer, true)).sdp);
    expect(layers).toBe("stable sendonly sendonly encodings 1 3");
    const refused = await exchange("simulcast", (offer) => succeed(publish(offer, false)).sdp);
    expect(refused).toBe("stable sendonly sendonly encodings 1 1");
  }, 120_000);

  test("E03 E10 watch, waiting and live, with a data channel", async () => {
    const live = (codec: "h264" | "vp8" | "av1"): LiveTracks => ({
      audio: { codec: "opus", fmtp: "" },
      video: { codec, fmtp: "" },
    });
    for (const stream of [null, live("h264"), live("vp8"), live("av1")]) {
      for (const role of ["watch", "watch-with-data"] as const) {
        const state = await exchange(role, (offer) => succeed(watch(offer, stream)).sdp);
        expect(state).toBe("stable recvonly recvonly encodings 0 0");
      }
    }
  }, 120_000);
});

/** Page side; a string, since this project's types know no DOM. */
const INSTALL = `
  globalThis.makeOffer = async (role) => {
    globalThis.pc?.close();
    const pc = (globalThis.pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" }));
    if (role.startsWith("watch")) {
      pc.addTransceiver("audio", { direction: "recvonly" });
      pc.addTransceiver("video", { direction: "recvonly" });
      if (role === "watch-with-data") pc.createDataChannel("x");
    } else {
      const canvas = document.createElement("canvas");
      canvas.getContext("2d");
      const audio = new AudioContext().createMediaStreamDestination().stream.getAudioTracks()[0];
      const video = canvas.captureStream(5).getVideoTracks()[0];
      const streams = [new MediaStream([audio, video])];
      pc.addTransceiver(audio, { direction: "sendonly", streams });
      const sendEncodings =
        role === "simulcast" ? [{ rid: "h" }, { rid: "m" }, { rid: "l" }] : [{}];
      pc.addTransceiver(video, { direction: "sendonly", streams, sendEncodings });
    }
    await pc.setLocalDescription();
    return pc.localDescription.sdp;
  };
  globalThis.takeAnswer = async (sdp) => {
    await pc.setRemoteDescription({ type: "answer", sdp });
    const [audio, video] = pc.getTransceivers();
    const count = (t) => (t.currentDirection === "sendonly" ? t.sender.getParameters().encodings.length : 0);
    return [pc.signalingState, audio.currentDirection, video.currentDirection, "encodings", count(audio), count(video)].join(" ");
  };
`;
