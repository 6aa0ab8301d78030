/** What is to be seen of a packet at a glance; reused. */
export class Glance {
  /** SlotFlag. */
  flags = 0;
  timestamp = 0;
  /** When it came here, us. */
  receiptUs = 0;
  /** LayerFlag; 0 where nothing is known of its layers, and the rest is void. */
  layerFlags = 0;
  spatialId = 0;
  /** Grid: layer points that the publisher sends now. */
  active = 0;
}
