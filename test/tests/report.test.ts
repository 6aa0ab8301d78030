import { expect, test } from "bun:test";
import { Report } from "../../scripts/tests/report.ts";

/** What is shown of these lines. */
function shown(report: Report, text: string): string[] {
  return text.split("\n").filter((line) => report.takes(line));
}

const BODY = `bun test v1.4.5 (a7733435c)

test/a/one.test.ts:
(pass) this holds [0.10ms]
(fail) that does not [1.20ms]
  ^ this test timed out after 5000ms.
(skip) not here

test/b.test.ts:
\u001b[0m\u001b[31m(fail)\u001b[0m nor this [2.00ms]
3 of these are no figure`;
const CLOSING = `
2 tests failed:
(fail) that does not [1.20ms]
(fail) nor this [2.00ms]

\u001b[32m 4115 pass\u001b[0m
 1 skip
 2 fail
 1 error
 13914601 expect() calls
Ran 4117 tests across 523 files. [1306.65s]
`;

test("what came before its end is shown, and its failures are known by their files", () => {
  const report = new Report();
  expect(shown(report, BODY)).toEqual(BODY.split("\n"));
  expect(report.failures).toEqual([
    "test/a/one.test.ts: that does not [1.20ms]",
    "test/b.test.ts: nor this [2.00ms]",
  ]);
  expect(report.closed).toBe(false);
});

test("what it closes with is counted, not shown; an error between tests is a failure", () => {
  const report = new Report();
  shown(report, BODY);
  expect(shown(report, CLOSING)).toEqual([""]);
  expect(report.counts).toEqual({ passed: 4115, failed: 3, skipped: 1 });
  expect(report.failures).toHaveLength(2);
  expect(report.closed).toBe(true);
});

test("without a failure it closes with figures alone, and what comes behind them is shown", () => {
  const report = new Report();
  const text =
    " 3 pass\n 0 fail\n 5 expect() calls\nRan 3 tests across 1 file. [4.00ms]\npanic: why";
  expect(shown(report, text)).toEqual(["panic: why"]);
  expect(report.counts).toEqual({ passed: 3, failed: 0, skipped: 0 });
});
