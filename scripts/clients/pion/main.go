// Pion as a WHIP publisher of what comes by RTP on two ports, or as a WHEP viewer.
//
// Usage: pion publish|view URL SECONDS [VIDEO_PORT AUDIO_PORT]. Prints a line of JSON an event (see
// programs.ts).
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

var posted time.Time

func main() {
	if os.Args[1] == "version" {
		info, _ := debug.ReadBuildInfo()
		for _, module := range info.Deps {
			if strings.HasPrefix(module.Path, "github.com/pion/webrtc") {
				fmt.Println(module.Version)
			}
		}
		return
	}
	seconds, err := strconv.Atoi(os.Args[3])
	check(err)
	connection, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	check(err)
	received := &counts{last: map[string]uint64{}, first: map[string]uint64{}}
	if os.Args[1] == "publish" {
		publish(connection, os.Args[4], webrtc.MimeTypeVP8, "video")
		publish(connection, os.Args[5], webrtc.MimeTypeOpus, "audio")
	} else {
		view(connection, received)
	}
	connection.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			tell("connected", nil)
		}
	})
	session := join(connection, os.Args[2])
	time.Sleep(time.Duration(seconds) * time.Second)
	request, err := http.NewRequest(http.MethodDelete, session, nil)
	check(err)
	response, err := http.DefaultClient.Do(request)
	check(err)
	fields := map[string]any{"deleted": response.StatusCode}
	if os.Args[1] == "view" {
		received.into(fields)
	}
	tell("end", fields)
	check(connection.Close())
}

// join POSTs the offer with all candidates and returns the session's URL.
func join(connection *webrtc.PeerConnection, address string) string {
	offer, err := connection.CreateOffer(nil)
	check(err)
	gathered := webrtc.GatheringCompletePromise(connection)
	check(connection.SetLocalDescription(offer))
	<-gathered
	posted = time.Now()
	body := strings.NewReader(connection.LocalDescription().SDP)
	response, err := http.Post(address, "application/sdp", body)
	check(err)
	answer, err := io.ReadAll(response.Body)
	check(err)
	if response.StatusCode != http.StatusCreated {
		check(fmt.Errorf("%d %s", response.StatusCode, answer))
	}
	check(connection.SetRemoteDescription(webrtc.SessionDescription{
		Type: webrtc.SDPTypeAnswer, SDP: string(answer),
	}))
	base, err := url.Parse(address)
	check(err)
	location, err := base.Parse(response.Header.Get("Location"))
	check(err)
	return location.String()
}

// publish forwards the RTP packets of a local port.
func publish(connection *webrtc.PeerConnection, port, mime, kind string) {
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, kind, "pion")
	check(err)
	sender, err := connection.AddTrack(track)
	check(err)
	go func() {
		for {
			if _, _, err := sender.ReadRTCP(); err != nil {
				return
			}
		}
	}()
	socket, err := net.ListenPacket("udp4", "127.0.0.1:"+port)
	check(err)
	go func() {
		buffer := make([]byte, 2000)
		for {
			n, _, err := socket.ReadFrom(buffer)
			if err != nil {
				return
			}
			_, _ = track.Write(buffer[:n])
		}
	}()
}

func view(connection *webrtc.PeerConnection, received *counts) {
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio} {
		_, err := connection.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{
			Direction: webrtc.RTPTransceiverDirectionRecvonly,
		})
		check(err)
	}
	connection.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		if track.Kind() == webrtc.RTPCodecTypeVideo {
			// As a player would, until the first picture is there.
			_ = connection.WriteRTCP([]rtcp.Packet{
				&rtcp.PictureLossIndication{MediaSSRC: uint32(track.SSRC())},
			})
		}
		for {
			packet, _, err := track.ReadRTP()
			if err != nil {
				return
			}
			received.note(track.Kind().String(), packet.SequenceNumber, packet.Marker)
		}
	})
}

// counts of what came, from the sequence numbers of each track.
type counts struct {
	mutex           sync.Mutex
	packets, frames uint64
	first, last     map[string]uint64
}

func (c *counts) note(kind string, sequence uint16, marker bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.packets++
	last, known := c.last[kind]
	if !known {
		last = uint64(sequence) + 1<<16
		c.first[kind], c.last[kind] = last, last
	}
	if step := int16(sequence - uint16(last)); step > 0 {
		c.last[kind] = last + uint64(step)
	}
	if kind == "video" && marker {
		if c.frames == 0 {
			tell("media", nil)
		}
		c.frames++
	}
}

func (c *counts) into(fields map[string]any) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	var expected uint64
	for kind, last := range c.last {
		expected += last - c.first[kind] + 1
	}
	fields["packets"], fields["frames"] = c.packets, c.frames
	fields["lost"] = max(0, int64(expected)-int64(c.packets))
}

func tell(event string, fields map[string]any) {
	line := map[string]any{"event": event, "ms": time.Since(posted).Milliseconds()}
	for key, value := range fields {
		line[key] = value
	}
	text, err := json.Marshal(line)
	check(err)
	fmt.Println(string(text))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
