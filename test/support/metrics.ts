/** GET /metrics as numbers. */
export interface Metrics {
  /** Sum of a family over the samples whose labels contain `labels` (`worker="ingest-0"`, say). */
  sum(family: string, labels?: string): number;
}

export async function readMetrics(base: string): Promise<Metrics> {
  const text = await (await fetch(`${base}/metrics`)).text();
  const samples: { family: string; labels: string; value: number }[] = [];
  for (const line of text.split("\n")) {
    const match = /^spillway_(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null) continue;
    samples.push({ family: match[1]!, labels: match[2] ?? "", value: Number(match[3]) });
  }
  return {
    sum(family, labels = "") {
      const found = samples.filter((one) => one.family === family);
      const chosen = found.filter((one) => one.labels.includes(labels));
      return chosen.reduce((total, { value }) => total + value, 0);
    },
  };
}
