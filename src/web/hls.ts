/// <reference path="./hls-light.d.ts" />
/** hls.js as tails are played with it: without what they do not have. */
export { default } from "hls.js/light";
