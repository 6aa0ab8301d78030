/** 16 starts of 16-bit numbers round the places where they wrap. */
export const WRAP_STARTS_16: readonly number[] = [
  0, 1, 2, 63, 255, 256, 32_766, 32_767, 32_768, 32_769, 65_279, 65_280, 65_472, 65_533, 65_534,
  65_535,
];

/** 16 starts of int32 numbers round the places where they wrap or change sign. */
export const WRAP_STARTS_32: readonly number[] = [
  1, 65_535, 65_536, 0x3fffff00, 0x40000000, 0x7ffffc00, 0x7fffff00, 0x7ffffff0, 0x7fffffff,
  -0x80000000, -0x7fffff00, -0x40000000, -65_536, -600, -513, -100,
];
