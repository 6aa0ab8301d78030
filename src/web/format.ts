/** Numbers as people read them. A missing value is an en dash, so that columns keep their place. */

const NONE = "–";

/** Bits per second: "1.82 Mb/s". */
export function formatBitrate(bitsPerSecond: number | null | undefined): string {
  if (bitsPerSecond == null || !Number.isFinite(bitsPerSecond)) return NONE;
  if (bitsPerSecond >= 1e9) return `${(bitsPerSecond / 1e9).toFixed(2)} Gb/s`;
  if (bitsPerSecond >= 1e6) return `${(bitsPerSecond / 1e6).toFixed(2)} Mb/s`;
  if (bitsPerSecond >= 1e3) return `${Math.round(bitsPerSecond / 1e3)} kb/s`;
  return `${Math.round(bitsPerSecond)} b/s`;
}

/** Bytes in binary units: "84.2 MiB". */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes == null || !Number.isFinite(bytes)) return NONE;
  if (bytes >= 2 ** 30) return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  if (bytes >= 2 ** 20) return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return `${Math.round(bytes / 1024)} KiB`;
}

/** Seconds: "42 s", "3 min 07 s", "2 h 05 min", "3 d 4 h". */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds) || seconds < 0) return NONE;
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${twoDigits(whole % 60)} s`;
  if (whole < 86400)
    return `${Math.floor(whole / 3600)} h ${twoDigits(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

/** Milliseconds as players show them: "4:05", "1:04:05". */
export function formatClock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const shown = hours > 0 ? [hours, twoDigits(minutes)] : [minutes];
  return [...shown, twoDigits(seconds % 60)].join(":");
}

/** Milliseconds as they are read out: "1 hour 4 minutes behind live". */
export function formatBehind(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds === 0) return "Live";
  const parts: [number, string][] = [
    [Math.floor(seconds / 3_600), "hour"],
    [Math.floor((seconds % 3_600) / 60), "minute"],
    [seconds % 60, "second"],
  ];
  const words = parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}${count === 1 ? "" : "s"}`);
  return `${words.join(" ")} behind live`;
}

/** "07", of clocks and durations. */
export function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

/** Milliseconds, one digit below 10: "4.2 ms", "48 ms". */
export function formatMs(ms: number | null | undefined): string {
  if (ms == null || !Number.isFinite(ms)) return NONE;
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** Milliseconds of what takes seconds: "1.6 s". */
export function formatSeconds(ms: number | null | undefined): string {
  if (ms == null || !Number.isFinite(ms)) return NONE;
  return `${(ms / 1000).toFixed(1)} s`;
}

/** A share 0..1 as per cent: "0 %", "0.04 %", "12 %". */
export function formatShare(share: number | null | undefined): string {
  if (share == null || !Number.isFinite(share)) return NONE;
  const percent = share * 100;
  if (percent === 0 || percent >= 10) return `${Math.round(percent)} %`;
  return `${percent < 1 ? percent.toFixed(2) : percent.toFixed(1)} %`;
}

/** A whole number with thin spaces between thousands. */
export function formatCount(count: number | null | undefined): string {
  if (count == null || !Number.isFinite(count)) return NONE;
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, "\u2009");
}
