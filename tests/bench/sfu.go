// SPDX-License-Identifier: BSD-3-Clause

// The other end of tests/bench/sfu, of Debian's pion packages: a forwarder to compare with (here), the publisher that all get, and the
// viewers that count and time what comes (sfu_clients.go). A URL that ends with /janus is that of Janus' API (sfu_janus.go), else it is
// one of WHIP or WHEP.
//
//	sfu serve ADDRESS:PORT
//	sfu publish URL TOKEN PACKETS-A-FRAME
//	sfu watch URL TOKEN VIEWERS    "connected" when each has seen a frame; then a line a second: the packets of all of them so far; the
//	                               median and the 99th percentile of their delays since SIGHUP came last, in ms; how long one of the
//	                               last ten, who come half a second apart, took from its first request to its first whole key frame,
//	                               the median and the longest, in ms
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"sync"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v3"
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
	api       *webrtc.API
	mutex     sync.Mutex
	track     *webrtc.TrackLocalStaticRTP
	publisher *webrtc.PeerConnection
	ssrc      uint32
}

// A viewer begins, and waits for a key frame.
func (f *forwarder) askKeyFrame() {
	f.mutex.Lock()
	publisher, ssrc := f.publisher, f.ssrc
	f.mutex.Unlock()
	publisher.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: ssrc}})
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
	f.track, f.publisher, f.ssrc = local, peer, uint32(remote.SSRC())
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
			peer.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
				if state == webrtc.PeerConnectionStateConnected {
					f.askKeyFrame()
				}
			})
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
