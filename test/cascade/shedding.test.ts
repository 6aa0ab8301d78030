import { expect, test } from "bun:test";
import { type Burden, type Relief, Shedding } from "../../src/cascade/shedding.ts";

const LOOK_US = 200_000;
const SECOND = 1_000_000;
const WHOLE: Relief = { single: false, withheld: 0, tried: 0, offered: 0 };

/** A stream of audio and some layers of video, kb/s. */
class Stream implements Burden {
  strained = false;
  doubled = false;
  come = 0;
  relief = WHOLE;
  rates: number[];

  constructor(
    readonly wanted: number,
    ...layers: number[]
  ) {
    this.rates = [0, ...layers.map((kb) => kb * 1000)];
  }

  get flowing(): number {
    return (this.wanted & ~this.relief.withheld) | this.relief.tried;
  }

  /** Bits a second that come of it. */
  get load(): number {
    const sum = this.rates.reduce((all, rate, ring) => {
      return all + ((this.flowing & (1 << ring)) !== 0 ? rate : 0);
    }, 0);
    return this.doubled && !this.relief.single ? 2 * sum : sum;
  }

  relieve(relief: Relief): void {
    this.relief = relief;
  }
}

/** A node whose links all come by one line. */
class Line {
  now = 1_000_000;
  readonly shedding = new Shedding();
  /** Seconds for which it was overloaded. */
  overloaded = 0;

  constructor(
    public rate: number,
    readonly streams: Stream[],
  ) {}

  run(seconds: number): void {
    for (const end = this.now + seconds * SECOND; this.now < end; this.now += LOOK_US) {
      const load = this.streams.reduce((sum, stream) => sum + stream.load, 0);
      for (const stream of this.streams) {
        stream.strained = load > this.rate;
        stream.come = stream.load * Math.min(1, this.rate / load);
      }
      if (load > this.rate) this.overloaded += LOOK_US / SECOND;
      this.shedding.look(this.now, this.streams);
    }
  }
}

test("cascade-layers: the highest layers go until the rest fits, never the audio or the last", () => {
  const stream = new Stream(0b1111, 200, 600, 2000);
  const line = new Line(1e6, [stream]);
  line.run(1);
  expect(stream.relief).toEqual({ ...WHOLE, withheld: 0b1000 });
  line.run(3);
  expect(stream.relief.withheld).toBe(0b1000);
  line.rate = 100_000;
  line.run(5);
  expect(stream.relief.withheld).toBe(0b1100);
  line.run(60);
  expect(stream.relief.withheld & 0b0011).toBe(0);
});

test("what is above a layer that went is not to be had instead", () => {
  const stream = new Stream(0b0101, 200, 600, 2000);
  new Line(300_000, [stream]).run(2);
  expect(stream.relief.withheld).toBe(0b1100);
});

test("a burst of loss takes nothing", () => {
  const stream = new Stream(0b0111, 200, 600);
  const line = new Line(1e6, [stream]);
  for (let i = 0; i < 20; i += 1) {
    line.rate = 0;
    line.run(0.6);
    line.rate = 1e6;
    line.run(0.4);
    expect(stream.relief).toEqual(WHOLE);
  }
});

test("a second parent by the same line goes before any layer, and stays away as long as it is of no help", () => {
  const stream = new Stream(0b0111, 200, 600);
  stream.doubled = true;
  const line = new Line(1e6, [stream]);
  line.run(5);
  expect(stream.relief).toEqual({ ...WHOLE, single: true });
  line.run(600);
  expect(line.overloaded).toBeLessThan(10);
});

test("cascade-layers: what fits comes back, with nobody told of it before it has proven itself", () => {
  const stream = new Stream(0b1111, 200, 600, 2000);
  const line = new Line(1e6, [stream]);
  line.run(1);
  line.rate = 4e6;
  line.run(9);
  expect(stream.relief).toEqual({ ...WHOLE, withheld: 0b1000, tried: 0b1000 });
  line.run(1.2);
  expect(stream.relief).toEqual(WHOLE);
});

test("cascade-layers: what does not fit is tried ever more seldom", () => {
  const stream = new Stream(0b1111, 200, 600, 2000);
  const line = new Line(1e6, [stream]);
  line.run(600);
  // 5 s, 10, 20 ... 300: each time for a second.
  expect(line.overloaded).toBeWithin(5, 10);
  expect(stream.relief.withheld).toBe(0b1000);
  const tries = line.overloaded;
  line.run(900);
  expect(line.overloaded - tries).toBeLessThan(4);
});

test("cascade-layers: what comes back and does not hold comes back later the next time", () => {
  const stream = new Stream(0b1111, 200, 600, 2000);
  const line = new Line(1e6, [stream]);
  let told = 0;
  for (let i = 0; i < 600; i += 1) {
    const before = stream.relief.withheld;
    // There is room as long as it is tried.
    line.rate = stream.relief.withheld === 0 ? 1e6 : 4e6;
    line.run(1);
    if (before !== 0 && stream.relief.withheld === 0) told += 1;
  }
  expect(told).toBeWithin(4, 9);
});

test("of many streams as many lose a layer as have to, and one that comes back takes none from others", () => {
  const streams = Array.from({ length: 10 }, () => new Stream(0b0111, 200, 800));
  const line = new Line(8e6, streams);
  line.run(20);
  const whole = (): number => streams.filter(({ relief }) => relief.withheld === 0).length;
  expect(whole()).toBe(7);
  for (let i = 0; i < 300; i += 1) {
    line.run(1);
    expect(whole()).toBe(7);
  }
  line.rate = 20e6;
  line.run(350);
  expect(whole()).toBe(10);
});

test("one that has nothing left to give up keeps nobody else from coming back", () => {
  const [broken, stream] = [new Stream(0b0011, 200), new Stream(0b0111, 200, 600)];
  const shedding = new Shedding();
  let now = 0;
  const run = (seconds: number): void => {
    for (const end = now + seconds * SECOND; now < end; now += LOOK_US) {
      shedding.look(now, [broken, stream]);
    }
  };
  broken.strained = true;
  stream.strained = true;
  run(2);
  expect(stream.relief.withheld).toBe(0b0100);
  stream.strained = false;
  run(11);
  expect(stream.relief).toEqual(WHOLE);
});

test("nothing is kept of a stream that ends, or of a layer that is sent no more", () => {
  const stream = new Stream(0b0111, 200, 600);
  const line = new Line(300_000, [stream]);
  line.run(2);
  expect(stream.relief.withheld).toBe(0b0100);
  stream.rates = [0, 200_000, 0];
  line.run(0.2);
  expect(stream.relief).toEqual(WHOLE);
  line.streams.length = 0;
  line.run(0.2);
  line.streams.push(new Stream(0b0111, 200, 100));
  line.run(20);
  expect(line.streams[0]!.relief).toEqual(WHOLE);
});

/** A stream whose viewers have the highest layer that they hear of. */
class Followed extends Stream {
  /** Rings that others have, whatever there is. */
  others = 0;

  override get flowing(): number {
    const { withheld, tried } = this.relief;
    const best = this.rates.reduce((top, rate, ring) => {
      return (withheld & (1 << ring)) === 0 && rate >= this.rates[top]! ? ring : top;
    }, 0);
    return 1 | (1 << best) | tried | (this.others & ~withheld);
  }
}

test("cascade-offers: what fits only in place of the layer below comes back by being offered", () => {
  const stream = new Followed(0, 450, 1150, 2600);
  const line = new Line(700_000, [stream]);
  line.run(5);
  expect(stream.relief.withheld).toBe(0b1100);
  // The middle one, but not beside the lowest.
  line.rate = 1_300_000;
  line.run(60);
  expect(stream.relief.withheld & ~stream.relief.tried).toBe(0b1000);
  line.rate = 3_000_000;
  line.run(400);
  expect(stream.relief).toEqual(WHOLE);
});

test("cascade-offers: nobody is offered what the line does not carry in place of the rest either", () => {
  const stream = new Followed(0, 450, 1150);
  const line = new Line(1_100_000, [stream]);
  line.run(2);
  for (let i = 0; i < 3_000; i += 1) {
    line.run(LOOK_US / SECOND);
    expect(stream.relief.withheld).toBe(0b0100);
  }
});

test("cascade-offers: nor, but rarely, where others have the layer below by their own choice", () => {
  const stream = new Followed(0, 450, 1150);
  stream.others = 0b0010;
  const line = new Line(1_300_000, [stream]);
  line.run(2);
  let offered = 0;
  for (let i = 0; i < 6_000; i += 1) {
    line.run(LOOK_US / SECOND);
    if (stream.relief.withheld === 0) offered += LOOK_US / SECOND;
  }
  expect(offered).toBeWithin(0.1, 4);
  // They left.
  stream.others = 0;
  line.run(900);
  expect(stream.relief).toEqual(WHOLE);
});
