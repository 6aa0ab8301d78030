import type { OptionLine } from "./help.ts";

/** Arguments of a command that takes those of `serve` as well: its own ones, and the rest. */
export function splitOptions(
  options: readonly OptionLine[],
  args: readonly string[],
): Readonly<Record<"own" | "serve", readonly string[]>> {
  const [own, serve]: [string[], string[]] = [[], []];
  for (let i = 0; i < args.length; i += 1) {
    const [flag, ...inline] = args[i]!.split("=");
    const known = options.find((each) => each.flag === flag);
    if (known === undefined) serve.push(args[i]!);
    else if (known.value === "" || inline.length > 0) own.push(args[i]!);
    else {
      own.push(...args.slice(i, i + 2));
      i += 1;
    }
  }
  return { own, serve };
}
