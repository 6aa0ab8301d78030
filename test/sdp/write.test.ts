import { expect, test } from "bun:test";
import { candidateLines } from "../../src/sdp/write.ts";

test("candidates by TCP are passive, behind and below those by UDP (RFC 6544 4)", () => {
  const lines = [
    ...candidateLines([
      { address: "2001:db8::7", port: 443, family: 6, tcp: true },
      { address: "192.0.2.1", port: 443, family: 4, tcp: true },
      { address: "2001:db8::7", port: 8200, family: 6 },
      { address: "192.0.2.1", port: 8200, family: 4 },
    ]),
  ];
  expect(lines.pop()).toBe("a=end-of-candidates");
  const words = lines.map((line) => line.split(" "));
  expect(words.map(([, , protocol, , address, port]) => [protocol, address, port])).toEqual([
    ["udp", "192.0.2.1", "8200"],
    ["udp", "2001:db8::7", "8200"],
    ["tcp", "192.0.2.1", "443"],
    ["tcp", "2001:db8::7", "443"],
  ]);
  expect(words.map((line) => line.slice(6).join(" "))).toEqual([
    "typ host",
    "typ host",
    "typ host tcptype passive",
    "typ host tcptype passive",
  ]);
  const priorities = words.map((line) => Number(line[3]));
  expect(priorities.toSorted((a, b) => b - a)).toEqual(priorities);
  // Type preference 90, direction preference 4 of a passive one, component 1.
  const [type, direction, component] = [24, 21, 0].map((bits) => priorities[2]! >> bits);
  expect([type, direction! & 7, component! & 255]).toEqual([90, 4, 255]);
  expect(new Set(words.map(([foundation]) => foundation)).size).toBe(4);
});
