import { PICTURE_AREA_MAX, PICTURE_SIDE_MAX, PICTURE_SIDE_MIN } from "../limits.ts";

/**
 * Whether a size that a publisher's header states can be a picture's. Others are taken for not
 * stated: they would be shown, and layers are chosen by them.
 */
export function isPictureSize(width: number, height: number): boolean {
  return (
    width >= PICTURE_SIDE_MIN &&
    height >= PICTURE_SIDE_MIN &&
    width <= PICTURE_SIDE_MAX &&
    height <= PICTURE_SIDE_MAX &&
    width * height <= PICTURE_AREA_MAX
  );
}
