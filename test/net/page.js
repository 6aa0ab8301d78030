/**
 * Runs inside Chromium: publishers and viewers of the network tests as small as they can be, so that
 * what is measured is the network's and the server's doing. `window.net` is all that it gives.
 */
const FPS = 25;
/**
 * Drawn each frame: flat blocks, which cost as much in any size, and patches of noise, for which
 * large layers take all the bits they are given and which are averaged away in small ones. Noise
 * stays within a part of the picture: where it covers all of it, a keyframe is so large that the
 * encoder leaves out the frames of the next seconds.
 */
const BLOCKS = 2;
const BLOCK_PIXELS = 36;
const PATCHES = 2;
const PATCH_PIXELS = 40;
const NOISY_SHARE = 0.3;

/** A canvas whose picture changes in part, never in whole: no encoder sees a change of scene. */
function picture(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const patches = Array.from({ length: 8 }, noise);
  const place = (share) => [Math.random() * width * share, Math.random() * height * share];
  setInterval(() => {
    for (let i = 0; i < BLOCKS; i += 1) {
      context.fillStyle = `hsl(${Math.random() * 360} 70% ${20 + Math.random() * 60}%)`;
      context.fillRect(...place(1), BLOCK_PIXELS, BLOCK_PIXELS);
    }
    for (let i = 0; i < PATCHES; i += 1) {
      const patch = patches[Math.floor(Math.random() * patches.length)];
      context.putImageData(patch, ...place(NOISY_SHARE));
    }
  }, 1000 / FPS);
  return canvas.captureStream(FPS).getVideoTracks()[0];
}

/** Grey, and of half the contrast that there is, so that an encoder can choose how well to keep it. */
function noise() {
  const image = new ImageData(PATCH_PIXELS, PATCH_PIXELS);
  for (let i = 0; i < image.data.length; i += 4) {
    image.data.fill(64 + Math.random() * 128, i, i + 3);
    image.data[i + 3] = 255;
  }
  return image;
}

function tone() {
  const audio = new AudioContext();
  const oscillator = audio.createOscillator();
  const out = audio.createMediaStreamDestination();
  oscillator.connect(out);
  oscillator.start();
  return out.stream.getAudioTracks()[0];
}

function withCodec(transceiver, codec) {
  const { codecs } = RTCRtpReceiver.getCapabilities("video");
  const wanted = codecs.filter(({ mimeType }) => mimeType.toLowerCase() === `video/${codec}`);
  const repair = codecs.filter(({ mimeType }) => /rtx/i.test(mimeType));
  transceiver.setCodecPreferences([...wanted, ...repair]);
}

let connection = null;
const frames = [];

function sending({ codec, width, height, encodings }) {
  connection = new RTCPeerConnection();
  const video = connection.addTransceiver(picture(width, height), {
    direction: "sendonly",
    sendEncodings: encodings,
  });
  withCodec(video, codec);
  // Layers are the server's to choose: an encoder that finds its picture hard to code makes no smaller
  // one of it.
  const parameters = video.sender.getParameters();
  parameters.degradationPreference = "maintain-resolution";
  void video.sender.setParameters(parameters);
  connection.addTransceiver(tone(), { direction: "sendonly" });
}

/** Notes when each frame leaves the decoder, in ms of this page, its width and its RTP time in us. */
async function noteFrames(track) {
  const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    frames.push([performance.now(), value.displayWidth, value.timestamp]);
    value.close();
  }
}

function receiving() {
  connection = new RTCPeerConnection();
  connection.ontrack = ({ track }) => {
    if (track.kind === "video") void noteFrames(track);
    else {
      // Sound that nothing plays is not decoded.
      const audio = new Audio();
      audio.srcObject = new MediaStream([track]);
      void audio.play();
    }
  };
}

async function gathered() {
  while (connection.iceGatheringState !== "complete") await new Promise((r) => setTimeout(r, 10));
  return connection.localDescription.sdp;
}

async function exchange(url) {
  await connection.setLocalDescription();
  const headers = { "Content-Type": "application/sdp" };
  const body = connection.localDescription.sdp;
  const response = await fetch(url, { method: "POST", headers, body });
  const sdp = await response.text();
  if (response.status !== 201) throw new Error(`${url}: ${response.status} ${sdp}`);
  await connection.setRemoteDescription({ type: "answer", sdp });
}

window.net = {
  async publish(url, plan) {
    sending(plan);
    await exchange(url);
  },
  async watch(url) {
    receiving();
    const video = connection.addTransceiver("video", { direction: "recvonly" });
    // As our player does: AV1's spatial layers are told by dependency descriptors alone.
    const extensions = video.getHeaderExtensionsToNegotiate();
    for (const each of extensions) {
      if (each.uri.includes("dependency-descriptor")) each.direction = "sendrecv";
    }
    video.setHeaderExtensionsToNegotiate(extensions);
    connection.addTransceiver("audio", { direction: "recvonly" });
    await exchange(url);
  },
  /** Chromium to Chromium: offer, answer, accept. */
  async offer(plan) {
    sending(plan);
    await connection.setLocalDescription();
    return gathered();
  },
  async answer(sdp) {
    receiving();
    await connection.setRemoteDescription({ type: "offer", sdp });
    await connection.setLocalDescription();
    return gathered();
  },
  async accept(sdp) {
    await connection.setRemoteDescription({ type: "answer", sdp });
  },
  /** The frames since the last call, and the time of this page. */
  frames() {
    return { now: performance.now(), frames: frames.splice(0) };
  },
  async stats() {
    return [...(await connection.getStats()).values()];
  },
};
