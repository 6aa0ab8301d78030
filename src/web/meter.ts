/** Drives a <meter> with the loudness of a track, in dB relative to full scale. */
export function startMeter(track: MediaStreamTrack, meter: HTMLMeterElement): () => void {
  const context = new AudioContext();
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = new AnalyserNode(context, { fftSize: 1024 });
  source.connect(analyser);
  // Rejected when the page stops before the browser lets it sound.
  context.resume().catch(() => undefined);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    for (const sample of samples) sum += sample * sample;
    const level = 10 * Math.log10(sum / samples.length + 1e-10);
    meter.value = Math.max(-60, Math.min(0, level));
    meter.textContent = `${Math.round(meter.value)} dB`;
  }, 100);
  return () => {
    clearInterval(timer);
    void context.close();
    meter.value = -60;
  };
}
