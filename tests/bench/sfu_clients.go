// SPDX-License-Identifier: BSD-3-Clause

// The publisher and the viewers. The frames of VP8 are none but for their first bytes, and the time when a packet was sent: nobody decodes
// them here.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v3"
)

const (
	framesEach = 33 * time.Millisecond
	clockEach  = 3000
	payload    = 1000
	sentAt     = 16 // in the payload: Unix time in ns, big endian
	begins     = 0x10
	late       = 10 // the last viewers come one by one, when all before have had their key frame for a while
	lateEach   = 500 * time.Millisecond
	patience   = 2 * time.Minute
)

// -- signalling --

// What a server and a client say to each other, until both have the other's description.
type negotiation func(peer *webrtc.PeerConnection) error

func gather(peer *webrtc.PeerConnection, description webrtc.SessionDescription) (string, error) {
	gathered := webrtc.GatheringCompletePromise(peer)
	if err := peer.SetLocalDescription(description); err != nil {
		return "", err
	}
	<-gathered
	return peer.LocalDescription().SDP, nil
}

func ask(url, token, offer string) (string, error) {
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewBufferString(offer))
	must(err)
	request.Header.Set("Content-Type", "application/sdp")
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("%s: %s", answer.Status, body)
	}
	return string(body), err
}

func offered(url, token string) negotiation {
	return func(peer *webrtc.PeerConnection) error {
		offer, err := peer.CreateOffer(nil)
		must(err)
		sdp, err := gather(peer, offer)
		must(err)
		answer, err := ask(url, token, sdp)
		for try := 0; err != nil && try < 50; try++ { // the publisher's first packet may be on its way
			time.Sleep(200 * time.Millisecond)
			answer, err = ask(url, token, sdp)
		}
		if err != nil {
			return err
		}
		return peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer})
	}
}

// The connection is up when it returns.
func connect(peer *webrtc.PeerConnection, negotiate negotiation) {
	connected := make(chan struct{})
	var once sync.Once
	peer.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(connected) })
		}
	})
	must(negotiate(peer))
	select {
	case <-connected:
	case <-time.After(patience):
		log.Fatal("not connected within two minutes")
	}
}

func isJanus(url string) bool { return strings.HasSuffix(url, "/janus") }

// -- the publisher --

func publish(url, token string, packets int) {
	peer, err := newAPI(false, false).NewPeerConnection(webrtc.Configuration{})
	must(err)
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, "video", "bench")
	must(err)
	sender, err := peer.AddTrack(track)
	must(err)
	var wanted int32 = 1
	go func() {
		for {
			reports, _, err := sender.ReadRTCP()
			if err != nil {
				return
			}
			for _, report := range reports {
				if _, is := report.(*rtcp.PictureLossIndication); is {
					atomic.StoreInt32(&wanted, 1)
				}
			}
		}
	}()
	negotiate := offered(url, token)
	if isJanus(url) {
		negotiate = janusPublishes(url)
	}
	connect(peer, negotiate)
	sequence, timestamp := uint16(1), uint32(0)
	for range time.Tick(framesEach) {
		inter := byte(1 - atomic.SwapInt32(&wanted, 0))
		for i := 0; i < packets; i++ {
			packet := rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: sequence, Timestamp: timestamp, Marker: i == packets-1},
				Payload: make([]byte, payload)}
			if i == 0 {
				packet.Payload[0] = begins
				packet.Payload[1] = inter
			}
			sequence++
			binary.BigEndian.PutUint64(packet.Payload[sentAt:], uint64(time.Now().UnixNano()))
			track.WriteRTP(&packet)
		}
		timestamp += clockEach
	}
}

// -- the viewers --

// Delays by µs, three digits of each.
type histogram [3701]uint64

func place(us int64) int {
	if us < 1000 {
		if us < 0 {
			us = 0
		}
		return int(us)
	}
	at, width := int64(1000), int64(10)
	for ; us >= 100*width*10 && width < 1000; width *= 10 {
		at += 900
	}
	if us >= 1000*width {
		return len(histogram{}) - 1
	}
	return int(at + (us-100*width)/width)
}

func valueAt(place int) int64 {
	width := int64(10)
	for place -= 1000; place >= 900; place -= 900 {
		width *= 10
	}
	if place < 0 {
		return int64(place + 1000)
	}
	return 100*width + int64(place)*width
}

func (h *histogram) add(delay time.Duration) { atomic.AddUint64(&h[place(delay.Microseconds())], 1) }

func (h *histogram) clear() {
	for i := range h {
		atomic.StoreUint64(&h[i], 0)
	}
}

// In ms.
func (h *histogram) percentile(part float64) float64 {
	var all, sum uint64
	for i := range h {
		all += atomic.LoadUint64(&h[i])
	}
	for i := range h {
		sum += atomic.LoadUint64(&h[i])
		if sum > 0 && float64(sum) >= part*float64(all) {
			return float64(valueAt(i)) / 1000
		}
	}
	return 0
}

type audience struct {
	count  uint64
	delays histogram
	firsts []float64 // ms
}

// Reads on for ever; tells `first` when a key frame is whole.
func (a *audience) read(track *webrtc.TrackRemote, first chan<- struct{}) {
	var packet rtp.Packet
	var next uint16
	whole, told := false, false
	buffer := make([]byte, 1500)
	for {
		n, _, err := track.Read(buffer)
		now := time.Now()
		if err != nil {
			return
		}
		if packet.Unmarshal(buffer[:n]) != nil || len(packet.Payload) < sentAt+8 {
			continue
		}
		atomic.AddUint64(&a.count, 1)
		a.delays.add(time.Duration(now.UnixNano() - int64(binary.BigEndian.Uint64(packet.Payload[sentAt:]))))
		if told {
			continue
		}
		if packet.Payload[0]&begins != 0 {
			whole = packet.Payload[1]&1 == 0
		} else {
			whole = whole && packet.SequenceNumber == next
		}
		next = packet.SequenceNumber + 1
		if whole && packet.Marker {
			told = true
			close(first)
		}
	}
}

func (a *audience) join(api *webrtc.API, url, token string, pause time.Duration) {
	peer, err := api.NewPeerConnection(webrtc.Configuration{})
	must(err)
	first := make(chan struct{})
	peer.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { a.read(track, first) })
	time.Sleep(pause)
	begin := time.Now()
	if isJanus(url) {
		connect(peer, janusWatches(url))
	} else {
		_, err = peer.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo,
			webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		must(err)
		connect(peer, offered(url, token))
	}
	select {
	case <-first:
	case <-time.After(patience):
		log.Fatal("no key frame within two minutes")
	}
	a.firsts = append(a.firsts, float64(time.Since(begin).Microseconds())/1000)
}

func watch(url, token string, viewers int) {
	var a audience
	api := newAPI(false, false)
	reset := make(chan os.Signal, 1)
	signal.Notify(reset, syscall.SIGHUP)
	for i := 0; i < viewers-late; i++ {
		a.join(api, url, token, 0)
	}
	a.firsts = nil
	for i := 0; i < viewers && i < late; i++ {
		a.join(api, url, token, lateEach)
	}
	sort.Float64s(a.firsts)
	fmt.Println("connected")
	for tick := time.Tick(time.Second); ; {
		select {
		case <-reset:
			a.delays.clear()
		case <-tick:
			fmt.Printf("%d %.3f %.3f %.1f %.1f\n", atomic.LoadUint64(&a.count), a.delays.percentile(0.5), a.delays.percentile(0.99),
				a.firsts[len(a.firsts)/2], a.firsts[len(a.firsts)-1])
		}
	}
}
