/** The rooms of the house: which folder lies above which, and the floors inside a folder. */

const BASE = ["assert", "errors", "limits", "contract", "embedded", "processors"];
const WIRE = [...BASE, "wire"];
const PEER = [...WIRE, "sdp", "srtp", "ring", "media", "peer"];

/**
 * The import law: a folder imports from itself and from what stands in its list. `io` is the only
 * impure folder; `control` reaches it only where it runs the workers.
 */
export const LAW: Readonly<Record<string, readonly string[]>> = {
  assert: [],
  errors: [],
  limits: ["assert"],
  contract: ["wire"],
  processors: [],
  embedded: [],
  version: ["embedded"],
  log: [],
  config: ["contract", "errors", "limits", "config"],
  wire: ["assert", "limits"],
  sdp: [...WIRE],
  srtp: ["assert", "limits", "wire"],
  ring: [...BASE, "wire"],
  media: [...WIRE, "srtp", "ring"],
  peer: PEER,
  intake: [...WIRE, "srtp", "ring", "media"],
  ingest: [...PEER, "intake"],
  feed: [...WIRE, "srtp", "ring", "media"],
  cascade: [...WIRE, "media"],
  relay: [...PEER, "intake", "feed", "cascade"],
  egress: [...PEER, "feed"],
  packager: [...WIRE, "ring", "media", "feed"],
  archive: [...BASE, "wire", "log"],
  client: PEER,
  io: PEER,
  host: [...PEER, "io"],
  // The load tool runs on threads of its own, so it brings its sockets and clock along.
  load: [...PEER, "client", "io"],
  bench: [...PEER, "client", "load", "io"],
  // It looks at layers as any reader does.
  control: [...PEER, "feed", "archive", "io", "config", "log", "version"],
  // It plays both ends: a worker's own classes, or control's, and their clients.
  rehearsal: [...PEER, "client", "io", "host", "control", "config", "log"],
  web: ["assert", "errors", "limits"],
  cli: [
    ...[...PEER, "cascade", "client", "load", "bench", "io", "archive", "control", "rehearsal"],
    ...["config", "log", "version", "web"],
  ],
  main: ["cli", "version"],
  workers: [
    ...PEER,
    "ingest",
    "egress",
    "relay",
    "packager",
    "load",
    "bench",
    "client",
    "io",
    "host",
    "rehearsal",
  ],
};

/**
 * The floors inside a folder, from below: a file imports from its own floor and from those before
 * it, never from one behind. "http/" is a room with all its files.
 */
export const FLOORS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  contract: [
    ["counters", "session", "source", "statistics", "tail", "workers"],
    ["cluster"],
    ["messages", "setup"],
  ],
  wire: [
    // Bytes and names.
    ["bits", "bytes", "leb128", "codecs", "extensions", "ntp", "path", "demux"],
    ["picture-size", "payload-description", "framing"],
    // RTP and its extensions.
    ["rtp", "red"],
    ["link-header"],
    ["rtp-extensions", "rtp-extension-values"],
    ["rtp-extension-writer"],
    ["dependency-structure"],
    ["dependency-descriptor"],
    ["dependency-rewrite"],
    // What else comes to the same socket.
    ["rtcp/", "stun"],
    ["stun-writer"],
    // Codecs: their units and headers, what a payload is, and how frames become payloads.
    [
      "nal-units",
      "frame-units",
      "obus",
      "h264-profile",
      "file-codecs",
      "playlist-lines",
      "h264-sps",
      "av1-sequence",
      "vp9-header",
    ],
    ["h265-sps"],
    ["h264", "h265", "vp8", "vp9", "av1", "opus"],
    ["describe"],
    // Frames between nodes.
    ["cascade/"],
    ["packetize/"],
    ["packetize"],
  ],
  sdp: [
    ["problem", "fmtp", "local"],
    // Lines, and what single ones say.
    ["parse", "viewer-match"],
    ["attributes"],
    ["bundle", "candidate", "direction", "formats", "stream-ids"],
    ["extmap", "transport"],
    // A section, and all of them.
    ["section"],
    ["offer", "negotiate"],
    ["write"],
    ["answer", "fragment", "client"],
  ],
  srtp: [
    ["cipher", "iv", "overhead", "packet-index", "replay-window"],
    ["key-derivation"],
    // Two ends, and a cipher for both.
    ["sender", "receiver", "cipher-portable"],
  ],
  ring: [
    // Where everything stands, and who is to be woken.
    ["layout", "doorbell", "glance", "need"],
    // What stands in a slot and in the header, by subject.
    ["packet-layers", "guarded-record", "wants"],
    ["decode-targets", "told-layers"],
    ["layer-totals"],
    // The two ends.
    ["reader", "writer"],
  ],
  media: [
    // One quantity, or one rule.
    ["acknowledged-rate", "bitrate-police", "catch-up-window", "delays", "dropped-numbers"],
    ["eager-growth"],
    ["keyframe-habit"],
    ["keyframe-requests", "loss-control", "mean-deviation", "missing"],
    ["pacer", "parameter-sets", "picture-group"],
    ["probe-cluster", "rate", "remb-bound", "remb-schedule", "round-trip", "rtx", "sent-packets"],
    ["sequence", "svc-filter", "token-bucket", "trendline", "usable-layer", "virtual-link"],
    ["vp9-rewrite"],
    // What is made of them.
    ["delay-gradient", "keyframe-budget", "layer-choice", "layer-gate", "layer-map", "probing"],
    ["rate-control", "receive-statistics", "rtcp-share", "showable-layer", "transport-feedback"],
    ["vp8-rewrite"],
    ["estimator"],
  ],
  peer: [
    // Counts, names and addresses.
    ["counters", "events", "transmit", "ration", "ice-credentials", "fingerprint", "path-index"],
    ["knock"],
    ["remote-path", "tombstones", "inbound-budget"],
    // ICE.
    ["ice", "path-checks", "handshake-path", "told-path"],
    ["path-choice"],
    ["ice-lite", "ice-controlling"],
    // DTLS: what is asked of it, its bytes, and who looks at them first.
    ["dtls", "dtls-records", "dtls-repeat"],
    ["dtls-messages", "dtls-outbox", "dtls-reseal"],
    ["dtls-hello"],
    ["dtls-proof"],
    ["dtls-guard"],
    ["dtls-client-guard", "dtls-server-guard"],
    ["guarded-dtls"],
    // One session.
    ["peer-options", "opening"],
    ["dtls-start"],
    ["peer"],
    ["link-sealer"],
    // All of them.
    ["newcomers", "peer-addresses", "sightings"],
    ["link-gate"],
    ["peer-table"],
  ],
  intake: [["layer-describer", "urgency", "wishes"], ["slot-filler"]],
  ingest: [
    ["deadlines", "early-media", "formats"],
    // One encoding and its ring.
    ["track"],
    // Whose packets it takes.
    ["ssrc-table"],
    // What is sent back, and what is held against a publisher.
    ["bye", "bitrate-limit", "feedback"],
    // One session.
    ["publisher"],
    // All of them.
    ["ingest"],
  ],
  feed: [
    // Packets and clocks of one ring, layers of several.
    ["staging", "source-clock", "layer-table"],
    ["holding", "recent"],
    ["feed"],
    // All rings of a stream, and of a worker.
    ["following"],
    ["feeds"],
  ],
  archive: [
    // What others see of it; one name, one quantity; what lies on a disk.
    ["disk", "shelf", "file-name", "times", "totals"],
    ["file-list", "reel"],
    ["store"],
    ["recording"],
    ["archive"],
  ],
  packager: [
    // What a decoder is told, and what it is given.
    ["format", "sample"],
    // Out of packets, and into files.
    ["frames/", "mp4/"],
    // One quantity, or one name; what is handed out.
    ["bandwidth", "lag", "names", "open-part", "part", "picture-rate", "timeline"],
    ["cut-record", "ensemble", "format-changes", "frame-store", "listed-codecs", "writer"],
    // Tracks without a hole, and files that are numbered.
    ["dates", "departed", "pictures", "segments", "sound"],
    ["tracks"],
    ["gap", "keyframe-wishes"],
    ["playlist", "rendition"],
    ["output"],
    ["room"],
    ["outputs"],
    // What is read of a ring, of a source, of a stream, and of all.
    ["ordered-reader", "tail-tally"],
    ["picture-track", "sound-track"],
    ["onset"],
    ["source-reading"],
    ["rendition-copy", "still", "tail-cutter", "unavailable"],
    ["edition", "edition-copy"],
    ["packager"],
  ],
  cascade: [
    // What a link is made of.
    ["channel", "gray", "keyring", "link-time", "liveness", "node-id", "path-size", "shedding"],
    ["greeting"],
    ["link"],
    ["handover", "links", "rivals"],
    // Whom there is to call, and who has which stream.
    ["asks", "place", "names"],
    ["members", "name-exchange", "look-ups", "owners"],
    ["roles"],
    ["cores"],
    // The tree: what is had from others, and what is given to them.
    ["parent", "places", "pledges", "search", "way", "whole-way"],
    ["apart", "child", "parents", "shorter"],
    ["admission", "notices", "pull-options"],
    ["pull", "serving"],
    ["pulls"],
    ["node-options"],
    ["node"],
  ],
  relay: [
    [
      "absence",
      "fill-budget",
      "heads",
      "kept-cuts",
      "keys",
      "link-port",
      "media-age",
      "pace",
      "resumption",
      "ring-rate",
      "strain",
      "told-figures",
      "told-head",
      "usual-age",
      "own-load",
      "residence",
      "slot-frame",
    ],
    // On its way to another node.
    ["link-output"],
    ["data-writer"],
    ["carrier"],
    ["carriers"],
    ["outlet", "fills"],
    ["child-stream"],
    ["offers"],
    ["link-share"],
    ["told-remarks"],
    // On its way here.
    ["askings", "pulled-ring"],
    ["video-rate"],
    ["pulled-stream"],
    ["intakes"],
    // All of it.
    ["cuts", "relay-ground"],
    ["tree-messages"],
    ["relay"],
    ["link-sessions", "state"],
    ["relay-logic"],
  ],
  egress: [
    // What one viewer or one source comes to in numbers.
    ["events", "total-rate", "playout-hint", "repair-budget", "lag-meter", "catch-up-queue"],
    ["ledger"],
    ["queues"],
    ["segments", "sent-history", "time-line", "adaptation"],
    ["freezes"],
    // One packet on its way out.
    ["outgoing"],
    ["header-writer", "layer-stretch", "track-format"],
    // What all viewers share, and what all tracks of one.
    ["context"],
    ["viewer-link"],
    ["catch-up-pace"],
    // What a track has sent.
    ["own-extensions", "track-totals", "visit"],
    ["track-output"],
    // A track: what its parts know of it, the parts, the whole.
    ["track"],
    ["lane", "track-time", "layer-switch", "parameter-set-packet"],
    ["track-start"],
    ["viewer-track"],
    ["track-stats"],
    // A viewer: its tracks, and what comes back.
    ["repair", "sender-reports"],
    ["viewer-feedback"],
    ["viewer"],
    ["flowing-layer"],
    // All of them.
    ["viewers"],
    ["rounds"],
    ["egress"],
  ],
  host: [
    // What a turn comes to, and what sockets and sessions come to.
    ["loop-meter", "peer-totals", "session-faults", "socket-reader", "outlet", "outbox"],
    ["connection"],
    ["sockets", "connections"],
    ["connection-ends"],
    ["loop"],
    // What a worker does with its sessions, and how it is made to fail.
    ["media-logic"],
    ["drills", "link-maker"],
    // The guest.
    ["sessions"],
    // What logic is built on.
    ["home"],
    ["media-host"],
  ],
  rehearsal: [
    // Whom and what there is to play with.
    ["budget", "far-end", "offer", "source"],
    ["filled-rings", "script"],
    // Where it is played.
    ["stage", "rehearsed-plane"],
    // Who plays.
    ["publishers", "viewers", "control"],
    ["rehearse"],
  ],
  io: [
    // What needs no library, memory that one may see, and the libraries.
    [
      "abi",
      "certificate",
      "node-key",
      "proc",
      "proc-net",
      "proc-stat",
      "process-usage",
      "random",
      "resolve",
      "spawn",
      "turns",
    ],
    ["disk", "pinned", "openssl-symbols"],
    ["libc", "openssl", "openssl-params", "port-owner"],
    // Clocks, waits, limits.
    [
      "affinity",
      "clock",
      "event-fd",
      "epoll",
      "memory",
      "processor-time",
      "resource-limit",
      "self",
    ],
    ["systemd", "thread-usage"],
    ["poller", "socket-set"],
    // Sockets.
    ["udp-socket", "udp-sender", "datagram-sender", "receive-arena"],
    ["udp-receiver", "gro-receiver", "paths", "tcp-socket"],
    // Ciphers.
    ["embedded-openssl", "dtls-openssl-engine", "srtp-openssl-cm", "srtp-openssl-gcm"],
    ["dtls-openssl", "srtp-openssl"],
    // What this machine can do.
    ["probe"],
    ["features"],
  ],
  client: [
    // Addresses, files and formats.
    ["container/", "conversion", "decoder-record", "media", "session-options", "whip"],
    ["frame-form", "opus-form", "rtp-track"],
    ["av1-form", "nal-form", "vpx-form"],
    ["picture-format", "media-sender", "offer"],
    // A session.
    ["session"],
    // What a file plays.
    ["sendable-track"],
    ["file-pass"],
    ["playback", "reader-messages"],
    ["media-file"],
  ],
  control: [
    // What the world gives, and what only waits.
    ["ports", "within"],
    // Runs the workers.
    ["plane/"],
    // Asks etcd whose a name is.
    ["etcd/"],
    // Who publishes and watches what.
    ["streams/"],
    // Who is told of it.
    ["bus/"],
    // Who asks.
    ["http/"],
    // Wires them.
    ["control"],
  ],
};
