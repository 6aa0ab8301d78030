"""GStreamer's webrtcbin as a WHIP publisher or a WHEP viewer.

Usage: gstreamer.py publish|view URL SECONDS. Prints a line of JSON an event (see programs.ts).
"""
import json
import sys
import threading
import time
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

PUBLISH = (
    "webrtcbin name=rtc bundle-policy=max-bundle "
    "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=30/1 ! "
    "x264enc tune=zerolatency speed-preset=ultrafast bitrate=1000 key-int-max=60 ! "
    "video/x-h264,profile=constrained-baseline ! h264parse ! "
    "rtph264pay config-interval=-1 aggregate-mode=zero-latency mtu=1200 ! "
    "application/x-rtp,media=video,encoding-name=H264,payload=96 ! rtc. "
    "audiotestsrc is-live=true ! audioconvert ! opusenc ! rtpopuspay ! "
    "application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! rtc."
)
VIEW = "webrtcbin name=rtc bundle-policy=max-bundle"
VIDEO_CAPS = (
    "application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000,"
    "rtcp-fb-nack=true,rtcp-fb-nack-pli=true,rtcp-fb-transport-cc=true"
)
AUDIO_CAPS = "application/x-rtp,media=audio,encoding-name=OPUS,payload=97,clock-rate=48000"


class Client:
    def __init__(self, role, url, seconds):
        self.role, self.url, self.seconds = role, url, seconds
        self.loop = GLib.MainLoop()
        # `parse_launch` gives an element, not a pipeline, for a description of one.
        self.pipeline = Gst.Pipeline.new()
        self.content = Gst.parse_bin_from_description(PUBLISH if role == "publish" else VIEW, False)
        self.pipeline.add(self.content)
        self.rtc = self.content.get_by_name("rtc")
        self.joining = False
        self.kept = []
        self.session = None
        self.posted = 0.0
        self.packets = self.frames = 0
        self.rtc.connect("on-negotiation-needed", self.negotiate)
        self.rtc.connect("notify::connection-state", self.state_changed)
        if role == "view":
            direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
            for caps in (VIDEO_CAPS, AUDIO_CAPS):
                self.rtc.emit("add-transceiver", direction, Gst.Caps.from_string(caps))
            for transceiver in self.transceivers():
                transceiver.set_property("do-nack", True)
            self.rtc.connect("pad-added", self.play)

    def transceivers(self):
        index, found = 0, []
        while True:
            transceiver = self.rtc.emit("get-transceiver", index)
            if transceiver is None:
                return found
            found.append(transceiver)
            index += 1

    def negotiate(self, _):
        # A thread of its own: webrtcbin answers only when this signal has returned.
        if not self.joining:
            self.joining = True
            threading.Thread(target=self.join, daemon=True).start()

    def join(self):
        offer = self.asked("create-offer", None).get_value("offer")
        self.asked("set-local-description", offer)
        complete = GstWebRTC.WebRTCICEGatheringState.COMPLETE
        while self.rtc.get_property("ice-gathering-state") != complete:
            time.sleep(0.01)
        sdp = self.rtc.get_property("local-description").sdp.as_text()
        self.posted = time.monotonic()
        response = request(self.url, "POST", sdp.encode())
        self.session = urllib.parse.urljoin(self.url, response.headers["Location"])
        _, answer = GstSdp.SDPMessage.new_from_text(response.read().decode())
        description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, answer)
        self.asked("set-remote-description", description)
        time.sleep(self.seconds)
        self.finish(losses(self.asked("get-stats", None)))

    def asked(self, signal, argument):
        """The reply of a signal that answers by a promise. What is in it goes with either: both stay."""
        promise = Gst.Promise.new()
        self.rtc.emit(signal, argument, promise)
        promise.wait()
        reply = promise.get_reply()
        self.kept.append((promise, reply))
        return reply

    def state_changed(self, rtc, _):
        if rtc.get_property("connection-state") == GstWebRTC.WebRTCPeerConnectionState.CONNECTED:
            self.tell("connected")

    def play(self, _, pad):
        if pad.direction != Gst.PadDirection.SRC:
            return
        pad.add_probe(Gst.PadProbeType.BUFFER, self.packet)
        video = pad.get_current_caps().get_structure(0).get_string("media") == "video"
        chain = "queue ! rtpvp8depay ! vp8dec" if video else "queue ! rtpopusdepay ! opusdec"
        branch = Gst.parse_bin_from_description(f"{chain} ! fakesink name=end sync=false", True)
        if video:
            end = branch.get_by_name("end").get_static_pad("sink")
            end.add_probe(Gst.PadProbeType.BUFFER, self.frame)
        # Pads link within one bin only.
        self.content.add(branch)
        branch.sync_state_with_parent()
        pad.link(branch.get_static_pad("sink"))

    def packet(self, *_):
        self.packets += 1
        return Gst.PadProbeReturn.OK

    def frame(self, *_):
        if self.frames == 0:
            self.tell("media")
        self.frames += 1
        return Gst.PadProbeReturn.OK

    def finish(self, lost):
        ended = request(self.session, "DELETE").status
        counts = {}
        if self.role == "view":
            counts = {"packets": self.packets, "frames": self.frames, "lost": lost}
        self.tell("end", deleted=ended, **counts)
        self.loop.quit()

    def tell(self, event, **fields):
        elapsed = round((time.monotonic() - self.posted) * 1000)
        print(json.dumps({"event": event, "ms": elapsed, **fields}), flush=True)

    def run(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        self.pipeline.set_state(Gst.State.NULL)


def losses(stats):
    lost = 0
    for index in range(stats.n_fields()):
        value = stats.get_value(stats.nth_field_name(index))
        if isinstance(value, Gst.Structure) and value.get_name() == "inbound-rtp":
            lost += value.get_value("packets-lost") or 0
    return max(0, lost)


def request(url, method, body=None):
    headers = {"Content-Type": "application/sdp"} if body is not None else {}
    call = urllib.request.Request(url, data=body, headers=headers, method=method)
    return urllib.request.urlopen(call, timeout=10)


if __name__ == "__main__":
    Gst.init(None)
    if sys.argv[1] == "version":
        print(Gst.version_string())
    else:
        Client(sys.argv[1], sys.argv[2], int(sys.argv[3])).run()
