/** The package has types of the whole alone. */
declare module "hls.js/light" {
  export { default } from "hls.js";
}
