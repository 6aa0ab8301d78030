import { describe, expect, test } from "bun:test";
import { LayerHistory } from "../../src/web/layerhistory.ts";
import {
  axisLabel,
  keyOf,
  layerLabel,
  qualityMenu,
  readLayers,
  selectionOf,
} from "../../src/web/layers.ts";

const SIMULCAST = {
  "1": [
    { rid: "f", bitrate: 2_510_000, width: 1280, height: 720, current: true },
    { rid: "h", width: 640, height: 360 },
    { rid: "q", bitrate: 160_000, width: 320, height: 180 },
  ],
};
const SVC = {
  "0": [2, 1, 0].flatMap((spatialLayerId) =>
    [2, 1, 0].map((temporalLayerId) => ({
      ...{
        spatialLayerId,
        temporalLayerId,
        bitrate: 1000 * (spatialLayerId * 3 + temporalLayerId + 1),
      },
      ...{ width: 160 << spatialLayerId, height: 90 << spatialLayerId },
      ...(spatialLayerId === 1 && temporalLayerId === 0 ? { current: true } : {}),
    })),
  ),
};

describe("layers event", () => {
  test("names each layer and takes what is missing as unknown or not sent", () => {
    const [top, middle] = readLayers(SIMULCAST);
    expect(top).toEqual({
      ...{ mediaId: "1", rid: "f", spatialLayerId: null, temporalLayerId: null },
      ...{ bitrate: 2_510_000, width: 1280, height: 720, current: true },
    });
    expect(middle?.bitrate).toBe(0);
    expect(middle?.current).toBe(false);
  });

  test("skips sections without layers, and what is no layer", () => {
    expect(readLayers({})).toEqual([]);
    expect(readLayers({ "0": [], "1": [{ rid: "a" }] }).map(keyOf)).toEqual(["a//"]);
    const odd = [null, 7, "x", {}, { rid: "" }, { rid: 3 }, { spatialLayerId: -1 }, { bitrate: 5 }];
    expect(readLayers({ "0": odd, "1": "text" })).toEqual([]);
    const [layer] = readLayers({ "0": [{ rid: "a", bitrate: "9", width: 0, height: 1.5 }] });
    expect(layer).toMatchObject({ bitrate: 0, width: null, height: null });
  });

  test("every point has a key of its own, and a selection that names it alone", () => {
    const layers = readLayers(SVC);
    expect(new Set(layers.map(keyOf)).size).toBe(9);
    expect(selectionOf(layers[1] ?? null)).toEqual({
      ...{ mediaId: "0", spatialLayerId: 2, temporalLayerId: 1 },
    });
    expect(selectionOf(readLayers(SIMULCAST)[2] ?? null)).toEqual({ mediaId: "1", rid: "q" });
    expect(selectionOf(null)).toEqual({});
  });
});

describe("labels", () => {
  test("by height, and by the share of the frame rate below the top one", () => {
    const layers = readLayers(SVC);
    const labels = layers.slice(0, 3).map((layer) => layerLabel(layer, layers));
    expect(labels).toEqual(["360p", "360p, 1/2 frame rate", "360p, 1/4 frame rate"]);
    expect(layers.slice(3, 6).map((layer) => axisLabel(layer, layers))).toEqual([
      "180p",
      "1/2",
      "1/4",
    ]);
  });

  test("an upright picture counts its width", () => {
    const layers = readLayers({ "0": [{ rid: "a", width: 720, height: 1280 }] });
    expect(layerLabel(layers[0]!, layers)).toBe("720p");
  });

  test("layers of one size are told apart by rid; unknown sizes by rid or number", () => {
    const same = { width: 640, height: 360 };
    const twins = readLayers({
      "0": [
        { rid: "a", ...same },
        { rid: "b", ...same },
      ],
    });
    expect(twins.map((layer) => layerLabel(layer, twins))).toEqual([
      "360p, Layer a",
      "360p, Layer b",
    ]);
    const unknown = readLayers({
      "0": [{ rid: "a" }, { spatialLayerId: 1 }, { rid: "b", spatialLayerId: 0 }],
    });
    expect(unknown.map((layer) => layerLabel(layer, unknown))).toEqual([
      ...["Layer a", "Size 2", "Layer b, Size 1"],
    ]);
  });
});

describe("quality menu", () => {
  test("one layer is no choice", () => {
    expect(qualityMenu([], null)).toBeNull();
    expect(qualityMenu(readLayers({ "0": [{ spatialLayerId: 0, bitrate: 9 }] }), null)).toBeNull();
  });

  test("automatic says what flows", () => {
    const menu = qualityMenu(readLayers(SIMULCAST), null);
    expect(menu?.title).toBe("Auto: 720p");
    expect(menu?.chosen).toBeNull();
    expect(menu?.lines).toEqual([
      { key: null, label: "Auto", detail: "720p now", isAlive: true },
      { key: "f//", label: "720p", detail: "2.51 Mb/s", isAlive: true },
      { key: "h//", label: "360p", detail: "not sent now", isAlive: false },
      { key: "q//", label: "180p", detail: "160 kb/s", isAlive: true },
    ]);
  });

  test("a choice stands on the button, with what flows as long as that is another", () => {
    const layers = readLayers(SIMULCAST);
    expect(qualityMenu(layers, "q//")).toMatchObject({ title: "180p (720p now)", chosen: "q//" });
    expect(qualityMenu(layers, "f//")?.title).toBe("720p");
  });

  test("a choice that the publisher does not send counts as automatic", () => {
    expect(qualityMenu(readLayers(SIMULCAST), "gone//")).toMatchObject({
      ...{ title: "Auto: 720p", chosen: null },
    });
  });

  test("a choice holds while its frame rates are not known yet, and after", () => {
    const whole = readLayers({ "0": [{ rid: "f" }, { rid: "q" }] });
    const rates = readLayers({
      "0": [1, 0].map((temporalLayerId) => ({ rid: "f", temporalLayerId })),
    });
    expect(qualityMenu(whole, "f//1")?.chosen).toBe("f//");
    expect(qualityMenu(rates, "f//")?.chosen).toBe("f//1");
    expect(qualityMenu(rates, "f//0")?.chosen).toBe("f//0");
    expect(qualityMenu(rates, "q//")?.chosen).toBeNull();
  });

  test("before the first picture nothing flows", () => {
    const layers = readLayers({ "0": [{ rid: "a" }, { rid: "b" }] });
    expect(qualityMenu(layers, null)).toMatchObject({ title: "Auto" });
    expect(qualityMenu(layers, null)?.lines[0]?.detail).toBe("");
  });
});

describe("history of the last minute", () => {
  const flowing = (rid: string) =>
    readLayers({ "0": ["f", "h", "q"].map((name) => ({ rid: name, current: name === rid })) });

  test("levels count from the lowest layer, and old looks leave", () => {
    const history = new LayerHistory(60);
    history.add(0, 9, flowing("q"));
    history.add(30, 100, flowing("f"));
    history.add(61, null, flowing("h"));
    expect(history.times).toEqual([30, 61]);
    expect(history.bitrates).toEqual([100, null]);
    expect(history.levels).toEqual([2, 1]);
    expect(history.rows).toEqual(["Layer q", "Layer h", "Layer f"]);
  });

  test("what flowed before the layers were known, or is no longer one, is a gap", () => {
    const history = new LayerHistory(60);
    history.add(0, 1, []);
    history.add(1, 1, flowing("f"));
    history.add(2, 1, readLayers({ "0": [{ rid: "x", current: true }] }));
    expect(history.levels).toEqual([null, null, 0]);
    history.add(3, 1, []);
    expect(history.rows).toEqual(["Layer x"]);
  });
});
