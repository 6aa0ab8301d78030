/** Files that the bundler carries as they are: the default export is a path for Bun.file. */
declare module "*.mp4" {
  const path: string;
  export default path;
}
