/** A remote candidate that can be used: UDP, component 1, literal address. */
export interface RemoteCandidate {
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
}
