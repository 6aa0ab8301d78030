/** Lines and bars as SVG: light, legible without colours alone, the legend above the plot. */

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number | string, y: number])[];
}

export interface Drawing {
  readonly title: string;
  /** What the axes show, with units. */
  readonly x: string;
  readonly y: string;
  /** A trace is a line of so many points that none has a mark. */
  readonly kind: "lines" | "trace" | "bars";
  readonly series: readonly Series[];
  /** One line below. */
  readonly conditions: string;
}

const WIDTH = 760;
const PLOT_HEIGHT = 260;
const LEFT = 70;
const RIGHT = 24;
const TITLE_HEIGHT = 36;
const LEGEND_LINE = 20;
const LEGEND_COLUMNS = 4;
const BELOW = 84;
const GRID_LINES = 4;
const INK = "#24292f";
const FAINT = "#d8dee4";
const COLOURS = ["#0969da", "#cf222e", "#1a7f37", "#bc4c00", "#8250df", "#0e7490", "#bf3989"];
/** Lines differ by their marks, too. */
const DASHES = ["", "7 4", "2 3"];

interface Frame {
  readonly top: number;
  readonly bottom: number;
  readonly yMax: number;
}

/** The chart as one SVG element. There is at least one point. */
export function draw(drawing: Drawing): string {
  const { series, kind } = drawing;
  const rows = Math.ceil(series.length / LEGEND_COLUMNS);
  const top = TITLE_HEIGHT + rows * LEGEND_LINE + 12;
  const values = series.flatMap(({ points }) => points.map(([, y]) => y));
  const frame = { top, bottom: top + PLOT_HEIGHT, yMax: niceCeiling(Math.max(1e-9, ...values)) };
  const height = frame.bottom + BELOW;
  const parts = [
    label(LEFT, 24, drawing.title, "start", 16, 600),
    ...legend(series, kind),
    ...grid(frame),
    ...(kind === "bars" ? bars(series, frame) : lines(series, frame, kind === "lines")),
    label(LEFT + (WIDTH - LEFT - RIGHT) / 2, frame.bottom + 42, drawing.x, "middle"),
    `<g transform="rotate(-90 18 ${frame.top + PLOT_HEIGHT / 2})">${label(18, frame.top + PLOT_HEIGHT / 2, drawing.y, "middle")}</g>`,
    label(LEFT, height - 12, drawing.conditions, "start", 11),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif"><title>${escaped(drawing.title)}</title><rect width="${WIDTH}" height="${height}" fill="#ffffff"/>${parts.join("")}</svg>\n`;
}

function legend(series: readonly Series[], kind: Drawing["kind"]): string[] {
  const column = (WIDTH - LEFT - RIGHT) / LEGEND_COLUMNS;
  return series.flatMap(({ name }, index) => {
    const x = LEFT + (index % LEGEND_COLUMNS) * column;
    const y = TITLE_HEIGHT + Math.floor(index / LEGEND_COLUMNS) * LEGEND_LINE + 8;
    const sign =
      kind === "bars"
        ? `<rect x="${x}" y="${y - 6}" width="22" height="11" fill="${colour(index)}"/>`
        : `<path d="M${x} ${y}h22" stroke="${colour(index)}" stroke-width="2.5"${dash(index)}/>`;
    return [sign, label(x + 28, y + 4, name, "start")];
  });
}

function grid({ top, bottom, yMax }: Frame): string[] {
  return Array.from({ length: GRID_LINES + 1 }, (_, i) => {
    const y = bottom - ((bottom - top) * i) / GRID_LINES;
    const value = number((yMax * i) / GRID_LINES);
    return `<path d="M${LEFT} ${y}H${WIDTH - RIGHT}" stroke="${i === 0 ? INK : FAINT}"/>${label(LEFT - 8, y + 4, value, "end")}`;
  });
}

/** Numbers on a linear axis from 0. */
function lines(series: readonly Series[], { top, bottom, yMax }: Frame, marked: boolean): string[] {
  const xs = [...new Set(series.flatMap(({ points }) => points.map(([x]) => Number(x))))];
  const xMax = Math.max(1, ...xs) * 1.03;
  const px = (x: number | string) => round(LEFT + (Number(x) / xMax) * (WIDTH - LEFT - RIGHT));
  const py = (y: number) => round(bottom - (y / yMax) * (bottom - top));
  const ticks = (marked ? xs : evenTicks(xMax)).flatMap((x) => [
    `<path d="M${px(x)} ${bottom}v5" stroke="${INK}"/>`,
    label(px(x), bottom + 20, number(x), "middle"),
  ]);
  const drawn = series.map(({ points }, index) => {
    const path = points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${px(x)} ${py(y)}`).join("");
    const marks = (marked ? points : []).map(
      ([x, y]) => `<circle cx="${px(x)}" cy="${py(y)}" r="3.5" fill="${colour(index)}"/>`,
    );
    return `<path d="${path}" fill="none" stroke="${colour(index)}" stroke-width="2.5"${dash(index)}/>${marks.join("")}`;
  });
  return [...ticks, ...drawn];
}

/** Some six of them. */
function evenTicks(xMax: number): number[] {
  const step = niceCeiling(xMax / 7);
  return Array.from({ length: Math.floor(xMax / step) + 1 }, (_, i) => i * step);
}

/** A group of bars for each name on the x axis, each with its figure on top. */
function bars(series: readonly Series[], { top, bottom, yMax }: Frame): string[] {
  const names = [...new Set(series.flatMap(({ points }) => points.map(([x]) => String(x))))];
  const group = (WIDTH - LEFT - RIGHT) / names.length;
  const width = Math.min(48, (group * 0.8) / series.length);
  return names.flatMap((name, place) => {
    const middle = LEFT + (place + 0.5) * group;
    const drawn = series.flatMap(({ points }, index) => {
      const y = points.find(([x]) => String(x) === name)?.[1];
      if (y === undefined) return [];
      const x = round(middle + (index - series.length / 2) * width);
      const height = round((y / yMax) * (bottom - top));
      return [
        `<rect x="${x}" y="${round(bottom - height)}" width="${round(width - 2)}" height="${height}" fill="${colour(index)}"/>`,
        label(x + width / 2 - 1, bottom - height - 4, number(y), "middle", 10),
      ];
    });
    return [...drawn, label(middle, bottom + 20, name, "middle")];
  });
}

function label(
  x: number,
  y: number,
  text: string,
  anchor: string,
  size = 12,
  weight = 400,
): string {
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" fill="${INK}">${escaped(text)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length]!;
}

function dash(index: number): string {
  const dashes = DASHES[index % DASHES.length]!;
  return dashes === "" ? "" : ` stroke-dasharray="${dashes}"`;
}

/** 1, 2, 3, 4, 6, 8 or 10 times a power of ten, at or above `value`: quarters of it are short numbers. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 3, 4, 6, 8].find((each) => each * power >= value) ?? 10);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function number(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en-US");
}
