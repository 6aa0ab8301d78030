/** One live line chart over the last five minutes. */
import uPlot from "uplot";

const SPAN_SECONDS = 300;

export class LiveChart {
  readonly #times: number[] = [];
  readonly #values: number[] = [];
  readonly #plot: uPlot;
  readonly #place: HTMLElement;

  /** `format` writes the axis and must be short. */
  constructor(place: HTMLElement, minTop: number, format: (value: number) => string) {
    this.#place = place;
    const ink = cssColour("--muted");
    const axis = {
      stroke: ink,
      grid: { stroke: cssColour("--line"), width: 1 },
      ticks: { show: false },
    };
    const font = "11px system-ui, sans-serif";
    const options: uPlot.Options = {
      width: Math.max(200, place.clientWidth),
      height: 130,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: true },
        y: { range: (_plot, _min, max) => [0, Math.max(minTop, (max ?? 0) * 1.15)] },
      },
      axes: [
        { ...axis, font, size: 24, values: (_plot, splits) => splits.map(ageText) },
        { ...axis, font, size: 62, values: (_plot, splits) => splits.map(format) },
      ],
      series: [
        {},
        {
          stroke: cssColour("--accent"),
          fill: cssColour("--accent-soft"),
          width: 2,
          points: { show: false },
        },
      ],
    };
    this.#plot = new uPlot(options, [[], []], place);
    new ResizeObserver(() => {
      this.#plot.setSize({ width: Math.max(200, place.clientWidth), height: 130 });
    }).observe(place);
  }

  /** Adds a value at a time in seconds. */
  add(seconds: number, value: number, label: string): void {
    this.#times.push(seconds);
    this.#values.push(value);
    while ((this.#times[0] ?? seconds) < seconds - SPAN_SECONDS) {
      this.#times.shift();
      this.#values.shift();
    }
    this.#plot.setData([this.#times, this.#values], false);
    this.#plot.setScale("x", { min: seconds - SPAN_SECONDS, max: seconds });
    this.#place.setAttribute("role", "img");
    this.#place.setAttribute("aria-label", `Now ${label}`);
  }
}

function ageText(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${date.getHours()}:${String(date.getMinutes()).padStart(2, "0")}`;
}

function cssColour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
