// SPDX-License-Identifier: BSD-3-Clause

// whip_client.js on pion: a client of WHIP or WHEP. A publisher sends video, a packet a frame, each with a number in it, until its input
// ends; a viewer waits for as many, prints what it got as JSON, and both end their session.
//
//	whip_client publish URL | watch URL PACKETS; the token is lab
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v3"
)

const (
	frameEach = 20 * time.Millisecond
	clock     = 1800
	keyEach   = 25
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func ask(method, at, sdp string) *http.Response {
	request, err := http.NewRequest(method, at, bytes.NewBufferString(sdp))
	must(err)
	request.Header.Set("Authorization", "Bearer lab")
	if sdp != "" {
		request.Header.Set("Content-Type", "application/sdp")
	}
	answer, err := http.DefaultClient.Do(request)
	must(err)
	return answer
}

// Returns the session's resource.
func negotiate(peer *webrtc.PeerConnection, at string) string {
	offer, err := peer.CreateOffer(nil)
	must(err)
	gathered := webrtc.GatheringCompletePromise(peer)
	must(peer.SetLocalDescription(offer))
	<-gathered
	answer := ask(http.MethodPost, at, peer.LocalDescription().SDP)
	body, err := io.ReadAll(answer.Body)
	must(err)
	if answer.StatusCode != http.StatusCreated {
		log.Fatalf("%s: %s", answer.Status, body)
	}
	must(peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(body)}))
	base, err := url.Parse(at)
	must(err)
	resource, err := base.Parse(answer.Header.Get("Location"))
	must(err)
	return resource.String()
}

// VP8 whose picture nobody looks at: its descriptor, the frame's first byte, which says key or not, and the number.
func frame(number uint32) *rtp.Packet {
	payload := make([]byte, 206)
	payload[0] = 0x10
	if number%keyEach != 0 {
		payload[1] = 1
	}
	binary.BigEndian.PutUint32(payload[2:], number)
	return &rtp.Packet{Header: rtp.Header{Version: 2, Marker: true, SequenceNumber: uint16(number), Timestamp: number * clock},
		Payload: payload}
}

func publish(peer *webrtc.PeerConnection, at string) {
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, "video", "client")
	must(err)
	_, err = peer.AddTrack(track)
	must(err)
	resource := negotiate(peer, at)
	fmt.Println("publishes")
	var ended int32
	go func() {
		io.Copy(io.Discard, os.Stdin)
		atomic.StoreInt32(&ended, 1)
	}()
	for number := uint32(0); atomic.LoadInt32(&ended) == 0; number++ { // before it is connected what it writes goes nowhere
		must(track.WriteRTP(frame(number)))
		time.Sleep(frameEach)
	}
	ask(http.MethodDelete, resource, "")
}

func watch(peer *webrtc.PeerConnection, at string, packets int) {
	came := make(chan []byte, 1000)
	peer.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			packet, _, err := track.ReadRTP()
			if err != nil {
				return
			}
			came <- packet.Payload
		}
	})
	_, err := peer.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	must(err)
	resource := negotiate(peer, at)
	numbers := map[uint32]bool{}
	firstIsKey := false
	least, most := ^uint32(0), uint32(0)
	for i := 0; i < packets; i++ {
		payload := <-came
		if len(payload) < 6 {
			log.Fatal("a packet that is none of ours")
		}
		number := binary.BigEndian.Uint32(payload[2:])
		if i == 0 {
			firstIsKey = payload[1] == 0
		}
		if number < least {
			least = number
		}
		if number > most {
			most = number
		}
		numbers[number] = true
	}
	fmt.Printf("{\"packets\":%d,\"first_is_key\":%t,\"missing\":%d}\n", packets, firstIsKey, int(most-least)+1-len(numbers))
	ask(http.MethodDelete, resource, "")
}

func main() {
	// with all that pion's users have: NACK, reports, transport-wide feedback
	peer, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	must(err)
	switch {
	case len(os.Args) == 3 && os.Args[1] == "publish":
		publish(peer, os.Args[2])
	case len(os.Args) == 4 && os.Args[1] == "watch":
		packets, err := strconv.Atoi(os.Args[3])
		must(err)
		watch(peer, os.Args[2], packets)
	default:
		log.Fatal("usage: whip_client publish URL | watch URL PACKETS")
	}
}
