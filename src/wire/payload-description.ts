/** Bit flags of `PayloadDescription.parameterSets`. */
export const ParameterSet = { sps: 1, pps: 2, vps: 4 } as const;

/** What one RTP payload says of itself, reused. Offsets count from the start of the payload. */
export class PayloadDescription {
  /**
   * A keyframe begins in this packet: a decoder can start here. Packets of one frame may repeat it
   * (H.264 parameter sets, then the first IDR slice); the RTP timestamp tells that it is one frame.
   */
  keyframe = false;
  /**
   * A frame can begin here. Exact for VP8 and VP9 (of a spatial layer); H.264, H.265 and AV1 have no
   * such mark, so that a frame in parts can say it more than once and the RTP timestamp decides.
   */
  frameStart = false;
  /** VP9: end of a layer frame. Others: the RTP marker. */
  frameEnd = false;
  /** Of the picture, when this packet tells; else 0. */
  width = 0;
  height = 0;
  spatialId = 0;
  temporalId = 0;
  /** VP8, VP9; -1 when absent. */
  pictureId = -1;
  pictureIdOffset = 0;
  /** 0, 7 or 15. */
  pictureIdBits = 0;
  /** VP8, VP9 (non-flexible); -1 when absent. */
  tl0PicIdx = -1;
  tl0PicIdxOffset = 0;
  /** From this frame on a receiver may switch up to this temporal layer (VP8 Y, VP9 U, H.265 TSA). */
  switchingPoint = false;
  /** VP9 Z, and no other codec: upper spatial layers do not refer to it. */
  notReferencedAbove = false;
  /** VP9: predicted from earlier pictures of its layer (P = 1). */
  interPicture = false;
  /**
   * VP9, flexible mode: bit d - 1 for each reference that lies d pictures back (P_DIFF, 1..32);
   * `farReference` tells of one beyond.
   */
  references = 0;
  farReference = false;
  /** VP9: P_DIFFs are there, or nothing is referred to. */
  referencesKnown = false;
  /** VP9 scalability structure: how many spatial layers (N_S + 1); 0 when absent. */
  spatialLayers = 0;
  /** VP9: where the data begins, behind the descriptor. Of other codecs it says nothing. */
  dataOffset = 0;
  /** VP9 scalability structure: where its picture group begins (the byte N_G); 0 when absent. */
  pictureGroupOffset = 0;
  /** ParameterSet flags of the units that begin in this packet. */
  parameterSets = 0;
  /** An IDR begins and no SPS stands in this packet (it may stand in an earlier one). */
  idrWithoutSps = false;

  reset(): void {
    this.keyframe = false;
    this.frameStart = false;
    this.frameEnd = false;
    this.width = 0;
    this.height = 0;
    this.spatialId = 0;
    this.temporalId = 0;
    this.pictureId = -1;
    this.pictureIdOffset = 0;
    this.pictureIdBits = 0;
    this.tl0PicIdx = -1;
    this.tl0PicIdxOffset = 0;
    this.switchingPoint = false;
    this.notReferencedAbove = false;
    this.interPicture = false;
    this.references = 0;
    this.farReference = false;
    this.referencesKnown = false;
    this.spatialLayers = 0;
    this.pictureGroupOffset = 0;
    this.parameterSets = 0;
    this.idrWithoutSps = false;
  }
}
