import { describe, expect, test } from "bun:test";
import { LayerControl } from "../../src/web/layercontrol.ts";
import type { Selection } from "../../src/web/layers.ts";

const LAYERS = {
  "0": [
    { rid: "f", bitrate: 9, current: true },
    { rid: "q", bitrate: 1 },
  ],
};
const Q = { mediaId: "0", rid: "q" };
const F = { mediaId: "0", rid: "f" };

/** A control in a session, and what it posted; `answer` decides how each post ends. */
function controlled(answer: (count: number) => Promise<string> = async () => "") {
  const posts: { url: string; selection: Selection }[] = [];
  const control = new LayerControl((url, selection) => {
    posts.push({ url, selection });
    return answer(posts.length);
  });
  control.begin("/one");
  return { control, posts, selections: () => posts.map((post) => post.selection) };
}

const settled = () => Bun.sleep(0);

describe("layer control", () => {
  test("automatic is not asked for in a fresh session; a choice is, once", async () => {
    const { control, posts } = controlled();
    control.heard(LAYERS);
    await settled();
    expect(posts).toEqual([]);
    control.choose("q//");
    control.heard(LAYERS);
    await settled();
    control.heard(LAYERS);
    await settled();
    expect(posts).toEqual([{ url: "/one", selection: Q }]);
  });

  test("the next session is asked for the same, as soon as it tells its layers", async () => {
    const { control, posts } = controlled();
    control.heard(LAYERS);
    control.choose("q//");
    await settled();
    control.begin("/two");
    expect(control.layers.some((layer) => layer.current)).toBe(false);
    await settled();
    expect(posts).toHaveLength(1);
    control.heard(LAYERS);
    await settled();
    expect(posts[1]).toEqual({ url: "/two", selection: Q });
  });

  test("a choice that is not sent waits, and is asked for again when it is back", async () => {
    const { control, selections } = controlled();
    control.heard(LAYERS);
    control.choose("q//");
    await settled();
    control.heard({});
    control.heard({ "0": [{ rid: "other" }] });
    await settled();
    expect(selections()).toEqual([Q]);
    control.heard(LAYERS);
    await settled();
    expect(selections()).toEqual([Q, Q]);
  });

  test("a frame rate that is told later than its layer is asked for then", async () => {
    const { control, selections } = controlled();
    control.wish = "q//1";
    control.heard(LAYERS);
    await settled();
    control.heard({
      "0": [
        { rid: "q", temporalLayerId: 2 },
        { rid: "q", temporalLayerId: 1 },
      ],
    });
    await settled();
    expect(selections()).toEqual([Q, { ...Q, temporalLayerId: 1 }]);
  });

  test("quick choices arrive in order, and only the last one counts", async () => {
    let finish: (refusal: string) => void = () => undefined;
    const first = new Promise<string>((resolve) => {
      finish = resolve;
    });
    const { control, selections } = controlled((count) =>
      count === 1 ? first : Promise.resolve(""),
    );
    control.heard(LAYERS);
    control.choose("q//");
    await settled();
    control.choose("f//");
    control.choose(null);
    await settled();
    expect(selections()).toEqual([Q]);
    finish("");
    await settled();
    expect(selections()).toEqual([Q, {}]);
  });

  test("a refusal is told and leads back to automatic", async () => {
    const { control, selections } = controlled(async (count) => (count === 1 ? "Not you." : ""));
    control.heard(LAYERS);
    control.choose("f//");
    await settled();
    expect(control.refusal).toBe("Not you.");
    expect(control.wish).toBeNull();
    expect(selections()).toEqual([F, {}]);
    control.choose("q//");
    await settled();
    expect(control.refusal).toBe("");
  });

  test("a refused automatic is not asked for again and again", async () => {
    const { control, posts } = controlled(async (count) => (count === 1 ? "" : "No."));
    control.heard(LAYERS);
    control.choose("f//");
    await settled();
    control.choose(null);
    await settled();
    control.heard(LAYERS);
    await settled();
    expect(posts).toHaveLength(2);
  });

  test("a server that was not reached is asked again with the next event", async () => {
    const { control, selections } = controlled(async (count) => {
      if (count === 1) throw new TypeError("offline");
      return "";
    });
    control.heard(LAYERS);
    control.choose("q//");
    await settled();
    expect(selections()).toEqual([Q]);
    control.heard(LAYERS);
    await settled();
    expect(selections()).toEqual([Q, Q]);
  });

  test("without a layer link nothing can be chosen, and nothing is posted", async () => {
    const { control, posts } = controlled();
    control.begin(null);
    control.heard(LAYERS);
    control.choose("q//");
    await settled();
    expect(control.canChoose).toBe(false);
    expect(control.layers).toHaveLength(2);
    expect(posts).toEqual([]);
  });
});
