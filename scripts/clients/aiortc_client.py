"""aiortc as a WHIP publisher or a WHEP viewer.

Usage: aiortc_client.py publish|view URL SECONDS. Prints a line of JSON an event (see programs.ts).
"""
import asyncio
import json
import sys
import time
import urllib.parse

import aiohttp
import aiortc
from aiortc.contrib.media import MediaPlayer

GRAPH = {"f": "lavfi", "video": "testsrc2=size=640x360:rate=30", "audio": "sine=sample_rate=48000"}


class Client:
    def __init__(self, role, url, seconds):
        self.role, self.url, self.seconds = role, url, seconds
        self.connection = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
        self.posted = 0.0
        self.frames = 0
        self.tasks = []
        self.connection.on("connectionstatechange", self.state_changed)
        self.connection.on("track", self.track)

    async def run(self):
        if self.role == "publish":
            for kind in ("video", "audio"):
                # Synthetic sources run as fast as they are read: `re` holds them to real time.
                player = MediaPlayer(GRAPH[kind], format=GRAPH["f"], options={"re": "1"})
                track = getattr(player, kind)
                self.connection.addTransceiver(track, direction="sendonly")
        else:
            for kind in ("video", "audio"):
                self.connection.addTransceiver(kind, direction="recvonly")
        await self.connection.setLocalDescription(await self.connection.createOffer())
        async with aiohttp.ClientSession() as http:
            self.posted = time.monotonic()
            headers = {"Content-Type": "application/sdp"}
            offer = self.connection.localDescription.sdp
            async with http.post(self.url, data=offer, headers=headers) as response:
                answer = await response.text()
                if response.status != 201:
                    raise SystemExit(f"{response.status} {answer}")
                session = urllib.parse.urljoin(self.url, response.headers["Location"])
            await self.connection.setRemoteDescription(
                aiortc.RTCSessionDescription(sdp=answer, type="answer")
            )
            await asyncio.sleep(self.seconds)
            counts = await self.counts() if self.role == "view" else {}
            async with http.delete(session) as response:
                self.tell("end", deleted=response.status, **counts)
        for task in self.tasks:
            task.cancel()
        await self.connection.close()

    async def counts(self):
        lost = packets = 0
        for report in (await self.connection.getStats()).values():
            if report.type == "inbound-rtp":
                lost += max(0, report.packetsLost)
                packets += report.packetsReceived
        return {"packets": packets, "lost": lost, "frames": self.frames}

    def state_changed(self):
        if self.connection.connectionState == "connected":
            self.tell("connected")

    def track(self, track):
        self.tasks.append(asyncio.ensure_future(self.receive(track)))

    async def receive(self, track):
        while True:
            await track.recv()
            if track.kind == "video":
                if self.frames == 0:
                    self.tell("media")
                self.frames += 1

    def tell(self, event, **fields):
        elapsed = round((time.monotonic() - self.posted) * 1000)
        print(json.dumps({"event": event, "ms": elapsed, **fields}), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "version":
        print(aiortc.__version__)
    else:
        asyncio.run(Client(sys.argv[1], sys.argv[2], int(sys.argv[3])).run())
