/**
 * WHIP and WHEP in front of Janus, which speaks neither, the way that Janus' authors serve them: a
 * publisher goes to the VideoRoom plugin, which forwards its RTP to a mountpoint of the Streaming
 * plugin in the same process; viewers watch that with offers of their own. Signalling only: no media
 * passes here. Run by peer-janus.ts: JANUS-URL PORT MEDIA-PORT (the first of three); prints a line
 * once it serves.
 */
import { JanusSession } from "./janus-api.ts";

const [janusUrl, portText, mediaPortText] = process.argv.slice(2);
const mediaPort = Number(mediaPortText);

/** Janus' names for the one room and the one mountpoint. */
const ROOM = 1;
const MOUNTPOINT = 1;
const PAYLOAD_TYPES = { audio: 111, video: 96 } as const;
const VIDEO_FMTP = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";

const janus = await JanusSession.open(janusUrl!);
const rooms = await janus.attach("janus.plugin.videoroom");
const mountpoints = await janus.attach("janus.plugin.streaming");
await janus.message(rooms, {
  request: "create",
  room: ROOM,
  publishers: 1,
  audiocodec: "opus",
  videocodec: "h264",
});
await janus.message(mountpoints, {
  request: "create",
  type: "rtp",
  id: MOUNTPOINT,
  media: [
    {
      type: "audio",
      mid: "0",
      port: mediaPort,
      pt: PAYLOAD_TYPES.audio,
      codec: "opus",
    },
    {
      type: "video",
      mid: "1",
      port: mediaPort + 1,
      rtcpport: mediaPort + 2,
      pt: PAYLOAD_TYPES.video,
      codec: "h264",
      fmtp: VIDEO_FMTP,
    },
  ],
});

Bun.serve({
  hostname: "127.0.0.1",
  port: Number(portText),
  routes: {
    "/whip": { POST: (request) => open(request, publish) },
    "/whep": { POST: (request) => open(request, watch) },
    "/session/:handle": {
      DELETE: async (request) => {
        await janus.detach(Number(request.params.handle));
        return new Response(null, { status: 200 });
      },
    },
  },
  error: (error) => new Response(error.message, { status: 502 }),
});
console.log("ready");

async function open(
  request: Request,
  negotiate: (handle: number, offer: string) => Promise<string>,
): Promise<Response> {
  const offer = await request.text();
  const plugin = negotiate === publish ? "janus.plugin.videoroom" : "janus.plugin.streaming";
  const handle = await janus.attach(plugin);
  return new Response(await negotiate(handle, offer), {
    status: 201,
    headers: { "Content-Type": "application/sdp", Location: `/session/${handle}` },
  });
}

async function publish(handle: number, sdp: string): Promise<string> {
  const { data, jsep } = await janus.message(
    handle,
    { request: "joinandconfigure", room: ROOM, ptype: "publisher" },
    { type: "offer", sdp, trickle: false },
  );
  await janus.message(handle, {
    request: "rtp_forward",
    room: ROOM,
    publisher_id: data.id,
    host: "127.0.0.1",
    host_family: "ipv4",
    streams: [
      { mid: "0", port: mediaPort, pt: PAYLOAD_TYPES.audio },
      { mid: "1", port: mediaPort + 1, rtcp_port: mediaPort + 2, pt: PAYLOAD_TYPES.video },
    ],
  });
  return answerOf(jsep?.sdp);
}

async function watch(handle: number, sdp: string): Promise<string> {
  const { jsep } = await janus.message(
    handle,
    { request: "watch", id: MOUNTPOINT },
    { type: "offer", sdp, trickle: false },
  );
  return answerOf(jsep?.sdp);
}

function answerOf(sdp: string | undefined): string {
  if (sdp === undefined) throw new Error("Janus gave no answer");
  return sdp;
}
