/** The seek bar's own style, beside that of the player. */
export const SEEK_STYLE = `
.seek { position: relative; width: 100%; box-sizing: border-box; padding: 0 12px; pointer-events: auto;
  background: linear-gradient(transparent, rgb(0 0 0 / .36)); }
.seek input { appearance: none; -webkit-appearance: none; display: block; width: 100%; height: 22px;
  margin: 0; background: none; cursor: pointer; touch-action: none; border-radius: 6px; }
.seek input:focus-visible { outline: 2px solid var(--spillway-accent, #4fd6cb); }
.seek ::-webkit-slider-runnable-track { height: 5px; border-radius: 3px;
  background: linear-gradient(to right, var(--spillway-accent, #4fd6cb) var(--at), rgb(255 255 255 / .34) 0); }
.seek ::-moz-range-track { height: 5px; border-radius: 3px; background: rgb(255 255 255 / .34); }
.seek ::-moz-range-progress { height: 5px; border-radius: 3px; background: var(--spillway-accent, #4fd6cb); }
.seek ::-webkit-slider-thumb { -webkit-appearance: none; width: 15px; height: 15px; margin-top: -5px;
  border-radius: 50%; background: #f2f7f7; border: 0; }
.seek ::-moz-range-thumb { width: 15px; height: 15px; border-radius: 50%; background: #f2f7f7; border: 0; }
.when { position: absolute; bottom: 24px; left: clamp(70px, var(--when), 100% - 70px);
  transform: translateX(-50%); padding: 2px 9px; border-radius: 6px; background: rgb(5 9 11 / .88);
  font-size: 12px; line-height: 1.6; white-space: nowrap; font-variant-numeric: tabular-nums;
  pointer-events: none; }
:host([controls="none"]) .seek { display: none; }
@media (pointer: coarse) { .seek input { height: 32px; } }
`;
