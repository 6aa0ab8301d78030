import { expect, test } from "bun:test";
import { readSamples, summary } from "../../scripts/bench/perf-samples.ts";

const TEXT = `
    7f0012340010 [unknown] (//anon)
    7f0012340018 [unknown] (/tmp/perf-42.map)
    7f0099990000 [unknown] (//anon)
    7f00aa000000 [unknown] (/usr/lib/x86_64-linux-gnu/libcrypto.so.3)
    55d000000000 main (/opt/spillway (deleted))
ffffffff81a01234 udp_sendmsg ([kernel.kallsyms])
ffffffffc0401234 nf_hook ([nf_conntrack])
ffffffff81a01234 udp_sendmsg ([kernel.kallsyms])
what perf says beside its samples
`;
const jit = {
  nameOf: (address: number) => (Math.floor(address / 4096) === 0x7f0012340 ? "send" : null),
};

test("samples are of a function, a library, and of user or kernel", () => {
  const samples = readSamples(TEXT, jit);
  expect(samples.map(({ entry, library }) => `${library}: ${entry}`)).toEqual([
    "JavaScript: send",
    "JavaScript: send",
    "JavaScript: (unnamed)",
    "libcrypto.so.3: (unnamed)",
    "Bun: main",
    "kernel: udp_sendmsg",
    "kernel: nf_hook",
    "kernel: udp_sendmsg",
  ]);
  expect(samples.map(({ kernel }) => kernel).lastIndexOf(false)).toBe(4);
});

test("a summary has the hottest functions, the libraries, and user and kernel", () => {
  const rows = summary(readSamples(TEXT, jit));
  expect(rows[0]).toEqual({ rank: 1, entry: "send", library: "JavaScript", "%": 25 });
  expect(rows[1]).toEqual({ rank: 2, entry: "udp_sendmsg", library: "kernel", "%": 25 });
  expect(rows).toContainEqual({ library: "kernel", "%": 37.5 });
  expect(rows.at(-1)).toEqual({ "user %": 62.5, "kernel %": 37.5, samples: 8 });
});
