/** The test picture's white bar is a clock: it goes from left to right by the wall clock of who draws it. */

export const TRAVEL_MS = 4_000;

/** Source of a page's function: what a video element shows, ms of that clock (modulo TRAVEL_MS); NaN if nothing. */
export const BAR_MS = `((video) => {
  const canvas = (window.barCanvas ??= document.createElement("canvas"));
  const { videoWidth: width, videoHeight: height } = video;
  if (width === 0) return NaN;
  canvas.width = width;
  canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, Math.floor(height / 3), width, 1, 0, 0, width, 1);
  const { data } = context.getImageData(0, 0, width, 1);
  const white = [...Array(width).keys()].filter((x) =>
    Math.min(data[4 * x], data[4 * x + 1], data[4 * x + 2]) > 200 && x > width / 6);
  return ((white[0] ?? NaN) / width) * ${TRAVEL_MS};
})`;
