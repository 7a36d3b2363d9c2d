// SPDX-License-Identifier: BSD-3-Clause

// The other end of tests/bench/sfu, of Debian's pion packages: a forwarder to compare with, the publisher that both get, and the viewers
// that count what comes. The publisher sends frames of VP8 that are none but for their first bytes: nobody decodes them here.
//
//	sfu serve ADDRESS:PORT
//	sfu publish URL TOKEN PACKETS-A-FRAME
//	sfu watch URL TOKEN VIEWERS    prints the packets of all of them so far, a line a second
package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v3"
)

const (
	framesEach = 33 * time.Millisecond
	clockEach  = 3000
	payload    = 1000
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// whole: with all that pion's users register: NACK, reports, transport-wide feedback. Else bare, as light as it can be.
func newAPI(lite, whole bool) *webrtc.API {
	media := &webrtc.MediaEngine{}
	must(media.RegisterDefaultCodecs())
	registry := &interceptor.Registry{}
	if whole {
		must(webrtc.RegisterDefaultInterceptors(media, registry))
		must(webrtc.ConfigureTWCCSender(media, registry))
	}
	setting := webrtc.SettingEngine{}
	setting.SetLite(lite)
	return webrtc.NewAPI(webrtc.WithSettingEngine(setting), webrtc.WithMediaEngine(media), webrtc.WithInterceptorRegistry(registry))
}

// -- the forwarder --

type forwarder struct {
	api   *webrtc.API
	mutex sync.Mutex
	track *webrtc.TrackLocalStaticRTP
}

func (f *forwarder) answer(w http.ResponseWriter, r *http.Request, prepare func(*webrtc.PeerConnection) error) {
	offer, _ := io.ReadAll(r.Body)
	peer, err := f.api.NewPeerConnection(webrtc.Configuration{})
	if err == nil {
		err = prepare(peer)
	}
	if err == nil {
		err = peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: string(offer)})
	}
	var answer webrtc.SessionDescription
	if err == nil {
		answer, err = peer.CreateAnswer(nil)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	gathered := webrtc.GatheringCompletePromise(peer)
	must(peer.SetLocalDescription(answer))
	<-gathered
	w.Header().Set("Content-Type", "application/sdp")
	w.Header().Set("Location", "/session")
	w.WriteHeader(http.StatusCreated)
	fmt.Fprint(w, peer.LocalDescription().SDP)
}

func (f *forwarder) forward(remote *webrtc.TrackRemote, peer *webrtc.PeerConnection) {
	local, err := webrtc.NewTrackLocalStaticRTP(remote.Codec().RTPCodecCapability, "video", "pion")
	must(err)
	f.mutex.Lock()
	f.track = local
	f.mutex.Unlock()
	buffer := make([]byte, 1500)
	for {
		n, _, err := remote.Read(buffer)
		if err != nil {
			return
		}
		local.Write(buffer[:n])
	}
}

func serve(address string) {
	f := &forwarder{api: newAPI(true, true)}
	http.HandleFunc("/whip/bench", func(w http.ResponseWriter, r *http.Request) {
		f.answer(w, r, func(peer *webrtc.PeerConnection) error {
			peer.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { f.forward(remote, peer) })
			_, err := peer.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo,
				webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
			return err
		})
	})
	http.HandleFunc("/whep/bench", func(w http.ResponseWriter, r *http.Request) {
		f.mutex.Lock()
		track := f.track
		f.mutex.Unlock()
		if track == nil {
			http.Error(w, "nobody publishes", http.StatusConflict)
			return
		}
		f.answer(w, r, func(peer *webrtc.PeerConnection) error {
			sender, err := peer.AddTrack(track)
			if err == nil {
				go func() { // what interceptors are given to read
					buffer := make([]byte, 1500)
					for {
						if _, _, err := sender.Read(buffer); err != nil {
							return
						}
					}
				}()
			}
			return err
		})
	})
	log.Fatal(http.ListenAndServe(address, nil))
}

// -- clients --

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

// The connection is up when it returns.
func connect(peer *webrtc.PeerConnection, url, token string) {
	connected := make(chan struct{})
	var once sync.Once
	peer.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(connected) })
		}
	})
	offer, err := peer.CreateOffer(nil)
	must(err)
	gathered := webrtc.GatheringCompletePromise(peer)
	must(peer.SetLocalDescription(offer))
	<-gathered
	var answer string
	for try := 0; ; try++ { // the publisher's first packet may be on its way
		answer, err = ask(url, token, peer.LocalDescription().SDP)
		if err == nil || try == 50 {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	must(err)
	must(peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}))
	select {
	case <-connected:
	case <-time.After(2 * time.Minute):
		log.Fatal("not connected within two minutes")
	}
}

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
	connect(peer, url, token)
	sequence, timestamp := uint16(1), uint32(0)
	for range time.Tick(framesEach) {
		inter := byte(1 - atomic.SwapInt32(&wanted, 0))
		for i := 0; i < packets; i++ {
			packet := rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: sequence, Timestamp: timestamp, Marker: i == packets-1},
				Payload: make([]byte, payload)}
			if i == 0 {
				packet.Payload[0] = 0x10 // begins a partition
				packet.Payload[1] = inter
			}
			sequence++
			track.WriteRTP(&packet)
		}
		timestamp += clockEach
	}
}

func watch(url, token string, viewers int) {
	var count uint64
	api := newAPI(false, false)
	for i := 0; i < viewers; i++ {
		peer, err := api.NewPeerConnection(webrtc.Configuration{})
		must(err)
		peer.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
			buffer := make([]byte, 1500)
			for {
				if _, _, err := track.Read(buffer); err != nil {
					return
				}
				atomic.AddUint64(&count, 1)
			}
		})
		_, err = peer.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo,
			webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		must(err)
		connect(peer, url, token)
	}
	fmt.Println("connected")
	for range time.Tick(time.Second) {
		fmt.Println(atomic.LoadUint64(&count))
	}
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	must(err)
	return n
}

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "serve":
		serve(os.Args[2])
	case len(os.Args) == 5 && os.Args[1] == "publish":
		publish(os.Args[2], os.Args[3], number(os.Args[4]))
	case len(os.Args) == 5 && os.Args[1] == "watch":
		watch(os.Args[2], os.Args[3], number(os.Args[4]))
	default:
		log.Fatal("usage: sfu serve ADDRESS:PORT | publish URL TOKEN PACKETS-A-FRAME | watch URL TOKEN VIEWERS")
	}
}
