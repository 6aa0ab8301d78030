import clip from "./demo.mp4" with { type: "file" };

/** For Bun.file: 12 s of H.264 and Opus with a running clock (scripts/make-demo-clip.sh). */
export const DEMO_CLIP_PATH: string = clip;
