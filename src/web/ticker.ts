/**
 * A worker that only ticks. Timers of a hidden page run once a second at best; those of its
 * worker do not slow down, so the test pattern goes on while its tab is in the background.
 */
let timer: ReturnType<typeof setInterval> | undefined;

self.addEventListener("message", (event: MessageEvent<number>) => {
  clearInterval(timer);
  if (event.data > 0) timer = setInterval(() => self.postMessage(0), event.data);
});
