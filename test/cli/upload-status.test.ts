import { expect, test } from "bun:test";
import { clock, UploadStatus } from "../../src/cli/upload-status.ts";

const figures = (positionUs: number, octets: number) => ({
  positionUs,
  octets,
  fractionLost: 0.005,
  roundTripUs: 12_400,
});

function written(terminal: boolean, use: (status: UploadStatus) => void): string {
  let text = "";
  const status = new UploadStatus({ durationUs: 90_000_000 }, terminal, (more) => {
    text += more;
  });
  use(status);
  return text;
}

test("F6: on a terminal one line changes once a second, and log lines stand above it", () => {
  const text = written(true, (status) => {
    status.update(0, figures(0, 0));
    status.update(500_000, figures(500_000, 50_000));
    status.update(1_000_000, figures(1_000_000, 187_500));
    status.log("the session ended");
    status.update(2_000_000, figures(2_000_000, 200_000));
    status.close();
  });
  const line = "\r\x1b[K";
  expect(text).toBe(
    `${line}0:00 of 1:30, loss 0.5 %, round trip 12 ms` +
      `${line}0:01 of 1:30, 1.50 Mb/s, loss 0.5 %, round trip 12 ms` +
      `${line}publish: the session ended\n` +
      `${line}0:02 of 1:30, 100 kb/s, loss 0.5 %, round trip 12 ms\n`,
  );
});

test("F6: in a log a line each five minutes", () => {
  const text = written(false, (status) => {
    for (let second = 0; second <= 600; second += 1) {
      status.update(second * 1e6, figures(second * 1e6, second * 1000));
    }
  });
  const lines = text.trim().split("\n");
  expect(lines).toHaveLength(2);
  expect(lines[1]).toBe("publish: 10:00 of 1:30, 8 kb/s, loss 0.5 %, round trip 12 ms");
});

test("times as players show them", () => {
  expect([-6_500, 59_999_999, 60_000_000, 3_723_000_000].map(clock)).toEqual([
    "0:00",
    "0:59",
    "1:00",
    "1:02:03",
  ]);
});
