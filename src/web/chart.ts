/** One live line chart over the last seconds or minutes. */
import uPlot from "uplot";
import { twoDigits } from "./format.ts";

const HEIGHT = 130;
const SPAN_SECONDS = 300;
const FONT = "11px system-ui, sans-serif";

export interface ChartOptions {
  /** Five minutes when not given. Up to two minutes the axis counts seconds, else it is a clock. */
  readonly spanSeconds?: number;
  /** Ends of the upright axis, from the highest value shown. */
  readonly range: (max: number) => [number, number];
  /** Writes the upright axis and must be short. */
  readonly format: (value: number) => string;
  /** Marks on the upright axis; by default the chart finds round values. */
  readonly marks?: () => number[];
  /** A value holds until the next one, for what jumps. */
  readonly stepped?: boolean;
}

export class LiveChart {
  readonly #times: number[] = [];
  readonly #values: number[] = [];
  readonly #plot: uPlot;
  readonly #place: HTMLElement;
  readonly #spanSeconds: number;

  constructor(place: HTMLElement, options: ChartOptions) {
    this.#place = place;
    this.#spanSeconds = options.spanSeconds ?? SPAN_SECONDS;
    this.#plot = new uPlot(plotOptions(place, options, this.#spanSeconds), [[], []], place);
    new ResizeObserver(() => {
      this.#plot.setSize({ width: widthOf(place), height: HEIGHT });
    }).observe(place);
  }

  /** Adds a value at a time in seconds. */
  add(seconds: number, value: number, label: string): void {
    this.#times.push(seconds);
    this.#values.push(value);
    while ((this.#times[0] ?? seconds) < seconds - this.#spanSeconds) {
      this.#times.shift();
      this.#values.shift();
    }
    this.draw(this.#times, this.#values, label);
  }

  /** Shows these values instead; null leaves a gap. The last time is now. */
  draw(times: number[], values: (number | null)[], label: string): void {
    const now = times.at(-1) ?? 0;
    this.#plot.setData([times, values], false);
    this.#plot.setScale("x", { min: now - this.#spanSeconds, max: now });
    this.#place.setAttribute("role", "img");
    this.#place.setAttribute("aria-label", `Now ${label}`);
  }
}

/** The range of an axis from 0 up to at least `minTop`, with some air above the curve. */
export function fromZero(minTop: number): ChartOptions["range"] {
  return (max) => [0, Math.max(minTop, max * 1.15)];
}

function plotOptions(place: HTMLElement, options: ChartOptions, span: number): uPlot.Options {
  const { range, format, marks, stepped } = options;
  const axis: uPlot.Axis = {
    stroke: cssColour("--muted"),
    grid: { stroke: cssColour("--line"), width: 1 },
    ticks: { show: false },
    font: FONT,
  };
  const paths = stepped ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
  return {
    width: widthOf(place),
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: true },
      y: { range: (_plot, _min, max) => range(max ?? 0) },
    },
    axes: [
      { ...axis, size: 24, ...(span <= 120 ? AGES : CLOCK) },
      {
        ...axis,
        // "999.99 Mb/s" in FONT, and the gap that uPlot leaves beside it.
        size: 76,
        values: (_plot, splits) => splits.map(format),
        ...(marks === undefined ? {} : { splits: marks }),
      },
    ],
    series: [
      {},
      {
        stroke: cssColour("--accent"),
        ...(stepped ? {} : { fill: cssColour("--accent-soft") }),
        width: 2,
        points: { show: false },
        ...(paths === undefined ? {} : { paths }),
      },
    ],
  };
}

const CLOCK: uPlot.Axis = { values: (_plot, splits) => splits.map(clockText) };
const AGES: uPlot.Axis = {
  splits: (_plot, _axis, min, max) => [0.25, 0.5, 0.75].map((share) => max - share * (max - min)),
  values: (plot, splits) =>
    splits.map((seconds) => `${Math.round((plot.scales.x?.max ?? seconds) - seconds)} s ago`),
};

function clockText(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${date.getHours()}:${twoDigits(date.getMinutes())}`;
}

function widthOf(place: HTMLElement): number {
  return Math.max(200, place.clientWidth);
}

function cssColour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
