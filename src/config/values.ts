/** Readers of single configuration values. Each returns the value or throws a zod issue. */
import { z } from "zod";
import "./words.ts";
import { parseCidr } from "./cidr.ts";

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** An address that clients are told, and the local one that its packets arrive at. */
export interface Advertise {
  readonly public: string;
  /** Null: any local address of the same family. */
  readonly local: string | null;
}

/** `HOST:PORT`, `[::1]:PORT`. */
export const hostPort = z.string().transform((text, context): HostPort => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[3]);
  if (match === null || port > 65535) {
    return refuse(context, `"${text}" is not HOST:PORT, for example 127.0.0.1:8080 or [::]:8080`);
  }
  return { host: (match[1] ?? match[2])!, port };
});

/** The same with a literal address: a name would be bound as whatever its letters parse to. */
export const addressPort = hostPort.transform((value, context): HostPort => {
  if (isAddress(value.host)) return value;
  return refuse(context, `"${value.host}" is not an IP address, for example 0.0.0.0 or [::]`);
});

/** As `hostPort` reads it and URLs write it: IPv6 addresses stand in brackets. */
export function formatHostPort(host: string, port: number | string): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** `PUBLIC[/LOCAL]`, a list or separated by commas. */
export const advertise = list().transform((items, context): readonly Advertise[] => {
  return items.map((item) => {
    const [address = "", local, ...rest] = item.split("/");
    if (rest.length > 0 || !isAddress(address) || (local !== undefined && !isAddress(local))) {
      return refuse(context, `"${item}" is not PUBLIC or PUBLIC/LOCAL with IP addresses`);
    }
    return { public: address, local: local ?? null };
  });
});

/** Where another machine is reached. */
export interface Machine {
  readonly host: string;
  /** Null where none is said. */
  readonly port: number | null;
}

/** `HOST`, `HOST:PORT`, `[::1]:PORT`, a list or separated by commas; `names`: not addresses alone. */
export function machines(max: number, names: boolean) {
  const host = names ? "HOST" : "ADDRESS";
  const wanted = `${host} or ${host}:PORT, for example 192.0.2.7:8300 or [2001:db8::7]:8300`;
  return list().transform((items, context): readonly Machine[] => {
    if (items.length > max) return refuse(context, `has ${items.length} entries, at most ${max}`);
    return items.map((item) => {
      const machine = machineOf(item);
      const ok = machine !== null && (isSomewhere(machine.host) || (names && isName(machine.host)));
      return ok ? machine : refuse(context, `"${item}" is not ${wanted}`);
    });
  });
}

export const cidrs = list().transform((items, context) =>
  items.map((item) => parseCidr(item) ?? refuse(context, `"${item}" is not an address or CIDR`)),
);

/** Bytes: a number, "512m", "2g", or a share of the machine's memory: "25%". */
export type Memory = { readonly bytes: number } | { readonly share: number };

const UNITS: Readonly<Record<string, number>> = {
  ...{ "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 },
};

/** A size of at least 32 MiB, and why not less, or a share of the machine's memory. */
export const memory = (least: string) =>
  z.union([z.string(), z.number()]).transform((value, context): Memory => {
    const match = /^(\d+(?:\.\d+)?)\s*(%|[kmg]?)(?:i?b)?$/i.exec(String(value).trim());
    if (match === null) return refuse(context, `"${value}" is not a size: 512m, 2g or 25%`);
    const amount = Number(match[1]);
    const unit = match[2]!.toLowerCase();
    if (unit === "%") {
      if (amount <= 0 || amount > 90) return refuse(context, "a share is above 0% and at most 90%");
      return { share: amount / 100 };
    }
    const bytes = Math.floor(amount * UNITS[unit]!);
    if (bytes < 32 * 1024 ** 2) return refuse(context, `at least 32m: ${least}`);
    return { bytes };
  });

/** Bytes: a number, "512m", "2g". */
export const size = z.union([z.string(), z.number()]).transform((value, context): number => {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(String(value).trim());
  if (match === null) return refuse(context, `"${value}" is not a size: 512m or 2g`);
  return Math.floor(Number(match[1]) * UNITS[match[2]!.toLowerCase()]!);
});

/** Bits a second: a number, "800k", "8M". */
export const bitrate = z.union([z.string(), z.number()]).transform((value, context): number => {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)$/i.exec(String(value).trim());
  if (match === null) return refuse(context, `"${value}" is not a bit rate: 8M, 800k or bits/s`);
  const unit = { "": 1, k: 1e3, m: 1e6, g: 1e9 }[match[2]!.toLowerCase()]!;
  const bits = Math.floor(Number(match[1]) * unit);
  return bits >= 10_000 ? bits : refuse(context, "at least 10k");
});

/** An absolute http or https URL. `origin`: scheme, host and port only. */
export function httpUrl(origin: boolean) {
  return z.string().transform((text, context): string => {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "") {
      return refuse(context, `"${text}" is not an http(s) URL`);
    }
    if (!origin) return url.href;
    if (url.pathname + url.search + url.hash !== "/") {
      return refuse(context, `"${text}" must be scheme, host and port only`);
    }
    return url.origin;
  });
}

/** Origins as browsers send them: `https://player.example.com`, `http://localhost:5173`. */
export const origins = list().transform((items, context): readonly string[] =>
  items.map((item) => {
    if (item === "*" || item === "null") {
      const reason = `"${item}" stands for any page; name the origins, or open all by --insecure`;
      return refuse(context, reason);
    }
    const url = URL.canParse(item) ? new URL(item) : null;
    const isOrigin = url !== null && /^https?:$/.test(url.protocol) && url.username === "";
    if (!isOrigin || url.pathname !== "/" || url.search !== "" || url.hash !== "") {
      return refuse(context, `"${item}" is not an origin: https://HOST or http://HOST:PORT`);
    }
    return url.origin;
  }),
);

/** Seconds: "30m", "12h", "400d". */
export const duration = z.string().transform((text, context): number => {
  const match = /^(\d{1,9})([smhd])$/.exec(text.trim());
  const unit = { s: 1, m: 60, h: 3600, d: 86_400 }[match?.[2] ?? "s"] ?? 1;
  const seconds = Number(match?.[1] ?? 0) * unit;
  return seconds > 0 ? seconds : refuse(context, `"${text}" is not a time such as 30m, 2h or 7d`);
});

/** Seconds in a range, with fractions, as whole milliseconds: in us. */
export function seconds(min: number, max: number) {
  return z.union([z.string(), z.number()]).transform((value, context): number => {
    const text = String(value).trim().replace(/s$/, "");
    const ms = /^\d+(\.\d{1,3})?$/.test(text) ? Math.round(Number(text) * 1000) : Number.NaN;
    if (!(ms >= min * 1000 && ms <= max * 1000)) {
      return refuse(context, `"${value}" is not a time from ${min} to ${max} seconds`);
    }
    return ms * 1000;
  });
}

/** A whole number in a range; text is accepted, since environment and flags are text. */
export function integer(min: number, max: number) {
  return z.union([z.string(), z.number()]).transform((value, context): number => {
    const number = typeof value === "number" ? value : Number(value.trim() || Number.NaN);
    if (!Number.isInteger(number) || number < min || number > max) {
      return refuse(context, `"${value}" is not a whole number from ${min} to ${max}`);
    }
    return number;
  });
}

/** A name that fits into a line of a log and into a label. */
export function word(max: number) {
  return z.string().transform((text, context): string => {
    if (/^[\w.-]+$/.test(text) && text.length <= max) return text;
    return refuse(
      context,
      `"${text}" is not 1 to ${max} letters, digits, dots, dashes or underscores`,
    );
  });
}

export const truth = z.union([z.boolean(), z.string()]).transform((value, context): boolean => {
  const text = String(value).toLowerCase();
  if (["true", "1", "yes", "on"].includes(text)) return true;
  if (["false", "0", "no", "off"].includes(text)) return false;
  return refuse(context, `"${value}" is not true or false`);
});

/** Whether a second publisher of a name takes over, or waits until the first falls silent. */
export type Takeover = boolean | "standby";

export const takeover = z.union([z.boolean(), z.string()]).transform((value, context): Takeover => {
  if (String(value).toLowerCase() === "standby") return "standby";
  const { data } = truth.safeParse(value);
  return data ?? refuse(context, `"${value}" is not true, false or standby`);
});

function machineOf(text: string): Machine | null {
  const match = /^(?:\[([^[\]]*:[^[\]]*)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return null;
  const port = match[3] === undefined ? null : Number(match[3]);
  if (port !== null && (port < 1 || port > 65535)) return null;
  return { host: (match[1] ?? match[2])!, port };
}

/** A literal address that packets can be sent to, without a zone. */
function isSomewhere(text: string): boolean {
  return isAddress(text) && !text.includes("%") && !/^[0:.]+$/.test(text);
}

/** A DNS name, also one with an underscore, as containers have. What ends in a number is none. */
function isName(text: string): boolean {
  const labels = text.replace(/\.$/, "").split(".");
  const isLabel = (label: string) => /^\w(?:[\w-]{0,61}\w)?$/.test(label);
  return (
    text.length <= 253 && labels.every(isLabel) && !/^(?:\d+|0x[\da-f]*)$/i.test(labels.at(-1)!)
  );
}

function isAddress(text: string): boolean {
  return parseCidr(text) !== null && !text.includes("/");
}

/** Whether a listener on this host can only be reached from this machine. */
export function isLoopback(host: string): boolean {
  return (
    host === "localhost" || /^127(\.\d{1,3}){3}$/.test(host) || host === "::1" || host === "[::1]"
  );
}

function list() {
  return z
    .union([z.string(), z.array(z.string())])
    .transform((value) =>
      (typeof value === "string" ? value.split(",") : value)
        .map((item) => item.trim())
        .filter(Boolean),
    );
}

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: "custom", message });
  return z.NEVER;
}
