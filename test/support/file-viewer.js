// Runs in a page of the server: watches a stream by WHEP and reads what its pictures and sound say.
// `layout` tells where the bits and colours stand (test/support/file-matrix.ts).
window.watchFile = async (name, layout) => {
  const connection = new RTCPeerConnection();
  const video = document.createElement("video");
  video.muted = true;
  video.autoplay = true;
  document.body.append(video);
  const seen = { frames: [], size: "", colors: [], left: 0, right: 0, codec: "" };
  const canvas = new OffscreenCanvas(layout.width, layout.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const color = (x, y) => [...context.getImageData(x, y, 1, 1).data].slice(0, 3);
  const look = (_now, { rtpTimestamp, width, height }) => {
    seen.size = `${width}x${height}`;
    context.drawImage(video, 0, 0, layout.width, layout.height);
    let number = 0;
    for (let bit = 0; bit < layout.bits; bit += 1) {
      const [red] = color(layout.bitWidth * (bit + 0.5), 32);
      // Neither black nor white: a broken picture.
      if (red > 80 && red < 175) number = Number.NaN;
      if (red >= 128) number += 2 ** bit;
    }
    seen.frames.push({ number, rtpTimestamp });
    seen.colors = [0, 1, 2, 3].map((bar) => color((layout.width * (bar + 0.5)) / 4, 144));
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  connection.addTransceiver("video", { direction: "recvonly" });
  connection.addTransceiver("audio", { direction: "recvonly" });
  connection.ontrack = ({ track }) => {
    const stream = new MediaStream([track]);
    if (track.kind === "video") video.srcObject = stream;
    else listen(stream, seen);
  };
  const offer = await connection.createOffer();
  // Without it the decoder gives one channel.
  offer.sdp = offer.sdp.replace(/useinbandfec=1/g, "useinbandfec=1;stereo=1");
  await connection.setLocalDescription(offer);
  const response = await fetch(`/whep/${name}`, {
    method: "POST",
    body: connection.localDescription.sdp,
    headers: { "Content-Type": "application/sdp" },
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  await connection.setRemoteDescription({ type: "answer", sdp: await response.text() });
  window.seen ??= {};
  window.seen[name] = seen;
};

/** Notes the loudest frequency of each channel. */
function listen(stream, seen) {
  // Chromium plays a remote track into Web Audio only while an element has it, too.
  const element = new Audio();
  element.muted = true;
  element.srcObject = stream;
  window.audioContext ??= new AudioContext({ sampleRate: 48000 });
  const context = window.audioContext;
  const splitter = context.createChannelSplitter(2);
  context.createMediaStreamSource(stream).connect(splitter);
  const sides = ["left", "right"].map((side, output) => {
    const analyser = context.createAnalyser();
    analyser.fftSize = 4096;
    splitter.connect(analyser, output);
    return { side, analyser, levels: new Float32Array(analyser.frequencyBinCount) };
  });
  setInterval(() => {
    for (const { side, analyser, levels } of sides) {
      analyser.getFloatFrequencyData(levels);
      let loudest = 0;
      for (let bin = 1; bin < levels.length; bin += 1)
        if (levels[bin] > levels[loudest]) loudest = bin;
      if (levels[loudest] > -60) seen[side] = (loudest * 48000) / 4096;
    }
  }, 100);
}
