/**
 * Structured logs: one line an event, pretty on a terminal and JSON otherwise. A message that
 * repeats is limited per second and the rest counted, so that no peer can fill a disk.
 */
export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Writes the "suppressed" summaries that are due; call about once a second. */
  flush(): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: "pretty" | "json";
  /** Takes one line with its newline. */
  readonly sink: (line: string) => void;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
  /** Lines of one level and message text that pass within a second. */
  readonly perSecond?: number;
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];
/** Message texts that are watched at once; texts are ours and few, so this is never reached. */
const KEYS_MAX = 1024;

interface Window {
  since: number;
  passed: number;
  suppressed: number;
}

export function createLogger(options: LogOptions): Logger {
  const minimum = LEVELS.indexOf(options.level);
  const format = options.format === "json" ? formatJson : formatPretty;
  const repeats = new RepeatLimit(options.perSecond ?? 20, (key, count, now) => {
    const [level = "info", ...text] = key.split(" ");
    const fields = { repeated: text.join(" "), count };
    options.sink(format(now, level as LogLevel, "Suppressed repeated messages", fields));
  });
  const write = (level: LogLevel, message: string, fields: LogFields = {}): void => {
    if (LEVELS.indexOf(level) < minimum) return;
    const now = options.wall();
    if (!repeats.passes(`${level} ${message}`, now)) return;
    options.sink(format(now, level, message, fields));
  };
  return {
    debug: (message, fields) => write("debug", message, fields),
    info: (message, fields) => write("info", message, fields),
    warn: (message, fields) => write("warn", message, fields),
    error: (message, fields) => write("error", message, fields),
    flush: () => repeats.flush(options.wall()),
  };
}

/** Lets so many lines of one key pass within a second, and tells how many others there were. */
class RepeatLimit {
  readonly #windows = new Map<string, Window>();

  constructor(
    private readonly perSecond: number,
    private readonly tell: (key: string, suppressed: number, now: number) => void,
  ) {}

  passes(key: string, now: number): boolean {
    const window = this.#windowOf(key, now);
    if (now - window.since >= 1000) {
      this.#summarize(key, window, now);
      window.since = now;
      window.passed = 0;
    }
    if (window.passed >= this.perSecond) {
      window.suppressed += 1;
      return false;
    }
    window.passed += 1;
    return true;
  }

  flush(now: number): void {
    for (const [key, window] of this.#windows) {
      if (now - window.since < 1000) continue;
      this.#summarize(key, window, now);
      this.#windows.delete(key);
    }
  }

  #windowOf(key: string, now: number): Window {
    const known = this.#windows.get(key);
    if (known !== undefined) return known;
    if (this.#windows.size >= KEYS_MAX) this.#windows.clear();
    const window = { since: now, passed: 0, suppressed: 0 };
    this.#windows.set(key, window);
    return window;
  }

  #summarize(key: string, window: Window, now: number): void {
    if (window.suppressed > 0) this.tell(key, window.suppressed, now);
    window.suppressed = 0;
  }
}

function formatJson(now: number, level: LogLevel, message: string, fields: LogFields): string {
  const time = new Date(now).toISOString();
  return `${JSON.stringify({ time, level, message, ...fields })}\n`;
}

const COLORS: Readonly<Record<LogLevel, string>> = {
  debug: "\u001b[2m",
  info: "\u001b[36m",
  warn: "\u001b[33m",
  error: "\u001b[31m",
};

function formatPretty(now: number, level: LogLevel, message: string, fields: LogFields): string {
  const time = new Date(now).toISOString().slice(11, 23);
  let line = `\u001b[2m${time}\u001b[0m ${COLORS[level]}${level.padEnd(5)}\u001b[0m ${message}`;
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` \u001b[2m${name}=\u001b[0m${printable(value)}`;
  }
  return `${line}\n`;
}

/** Remote text must not move the cursor or forge a line. */
function printable(value: string | number | boolean | null): string {
  if (typeof value !== "string") return String(value);
  return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
}
