/** What `spillway doctor` finds. */
export interface Finding {
  readonly name: string;
  readonly level: "ok" | "warn" | "fail";
  readonly detail: string;
  /** What to do about it; null when all is well. */
  readonly mend: string | null;
}

export function ok(name: string, detail: string): Finding {
  return { name, level: "ok", detail, mend: null };
}

export function warn(name: string, detail: string, mend: string): Finding {
  return { name, level: "warn", detail, mend };
}

export function fail(name: string, detail: string, mend: string): Finding {
  return { name, level: "fail", detail, mend };
}
