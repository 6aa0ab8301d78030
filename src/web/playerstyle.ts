/** The player's own style: it must look the same on any site, so it lives in the shadow root. */
export const PLAYER_STYLE = `
:host { display: block; position: relative; aspect-ratio: 16 / 9; background: #05090b;
  color: #f2f7f7; border-radius: 10px; overflow: hidden;
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
[hidden][hidden][hidden] { display: none; }
.frame, media-controller { position: absolute; inset: 0; width: 100%; height: 100%; }
media-controller { --media-primary-color: #f2f7f7; --media-control-background: transparent;
  --media-control-hover-background: rgb(255 255 255 / .14); --media-background-color: transparent;
  --media-focus-box-shadow: inset 0 0 0 2px var(--spillway-accent, #4fd6cb);
  --media-range-bar-color: var(--spillway-accent, #4fd6cb); }
media-controller { isolation: isolate; }
video { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; z-index: 0; }
video.behind { z-index: -1; }
:host([controls="none"]) :is(media-control-bar, .unmute) { display: none; }
media-control-bar { width: 100%; align-items: center; padding: 0 4px;
  background: linear-gradient(transparent, rgb(0 0 0 / .72)); }
.space { flex: 1; }
button { font: inherit; color: inherit; cursor: pointer; }
button:focus-visible { outline: 2px solid var(--spillway-accent, #4fd6cb); outline-offset: 2px; }
.chip { background: none; border: 1px solid rgb(255 255 255 / .5); border-radius: 6px;
  padding: 2px 9px; margin: 0 4px; font-size: 13px; line-height: 1.6; height: 27px;
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; flex: none; }
.chip.quality { flex: 0 1 auto; min-width: 54px; }
.chip[aria-pressed="true"], .chip[aria-expanded="true"] { background: #f2f7f7; color: #05090b; }
.cover { position: absolute; inset: 0; display: flex; flex-direction: column; gap: 14px;
  align-items: center; justify-content: center; padding: 24px; text-align: center;
  background: rgb(5 9 11 / .78); pointer-events: none; }
.cover p { margin: 0; max-width: 44ch; font-size: 17px; }
.spinner { display: none; width: 30px; height: 30px; border-radius: 50%;
  border: 3px solid rgb(255 255 255 / .25); border-top-color: var(--spillway-accent, #4fd6cb); }
.busy .spinner { display: block; animation: turn 1s linear infinite; }
@keyframes turn { to { transform: rotate(1turn); } }
@media (prefers-reduced-motion: reduce) { .busy .spinner { animation-duration: 4s; } }
.unmute { position: absolute; top: 50%; left: 50%; transform: translate(-50%, -50%); border: 0;
  border-radius: 999px; padding: 14px 30px; font-size: 18px; font-weight: 600;
  background: #f2f7f7; color: #05090b; box-shadow: 0 2px 16px rgb(0 0 0 / .5); }
.live { display: flex; align-items: center; gap: 7px; border: 0; border-radius: 6px; margin: 0 4px;
  padding: 0 8px; height: 27px; background: none; font-size: 13px; font-weight: 600;
  white-space: nowrap; flex: none; font-variant-numeric: tabular-nums; }
.live:hover { background: rgb(255 255 255 / .14); }
.live .dot { width: 9px; height: 9px; border-radius: 50%; background: #ff5c5c; }
.live[data-tier="tail"] .dot { background: #ffb454; }
.live[data-tier="behind"] .dot { background: #9fb3b5; }
.live .latency, .live .tier { font-weight: 400; opacity: .85; }
.overlay { position: absolute; top: 10px; left: 10px; margin: 0; padding: 9px 12px;
  border-radius: 8px; background: rgb(5 9 11 / .74); font-size: 12px; line-height: 1.5;
  font-variant-numeric: tabular-nums; pointer-events: none; }
.overlay div { display: flex; gap: 14px; justify-content: space-between; }
.overlay dt { opacity: .75; } .overlay dd { margin: 0; }
.menu { position: absolute; right: 12px; bottom: 52px; max-height: calc(100% - 64px);
  overflow-y: auto; padding: 5px; border-radius: 9px; background: rgb(12 19 22 / .95);
  box-shadow: 0 4px 18px rgb(0 0 0 / .5); min-width: 190px; font-variant-numeric: tabular-nums; }
.menu button { display: flex; gap: 20px; align-items: baseline; width: 100%; border: 0;
  border-radius: 6px; padding: 6px 11px 6px 28px; background: none; font-size: 14px;
  text-align: left; position: relative; }
.menu button:hover, .menu button:focus-visible { background: rgb(255 255 255 / .14); }
.menu button:focus-visible { outline-offset: -2px; }
.menu button[aria-checked="true"]::before { content: "✓"; position: absolute; left: 10px; }
.menu span { flex: 1; white-space: nowrap; }
.menu small { font-size: 12px; opacity: .75; white-space: nowrap; }
.menu .faint { opacity: .55; }
@media (max-width: 480px) { .chip { font-size: 12px; padding: 2px 6px; margin: 0 2px; }
  media-volume-range, .live .tier { display: none; }
  .live { margin: 0; padding: 0 5px; }
  .overlay { font-size: 10px; display: grid; grid-template-columns: 1fr 1fr; gap: 0 18px; padding: 6px 10px; } }
`;
