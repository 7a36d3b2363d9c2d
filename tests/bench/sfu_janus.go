// SPDX-License-Identifier: BSD-3-Clause

// Janus' own signalling, over HTTP: a session and a handle of its VideoRoom for each client.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/pion/webrtc/v3"
)

const (
	janusRoom = 1
	janusFeed = 1
)

type object = map[string]interface{}

// What is read of an answer and of an event.
type janusSaid struct {
	Janus string `json:"janus"`
	Data  struct {
		ID uint64 `json:"id"`
	} `json:"data"`
	Error *struct {
		Reason string `json:"reason"`
	} `json:"error"`
	Plugindata struct {
		Data struct {
			Error string `json:"error"`
		} `json:"data"`
	} `json:"plugindata"`
	Jsep *struct {
		Type string `json:"type"`
		SDP  string `json:"sdp"`
	} `json:"jsep"`
}

func (said *janusSaid) fault() error {
	switch {
	case said.Error != nil:
		return errors.New(said.Error.Reason)
	case said.Plugindata.Data.Error != "":
		return errors.New(said.Plugindata.Data.Error)
	}
	return nil
}

func janusRead(answer *http.Response, err error) (*janusSaid, error) {
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	said := &janusSaid{}
	if err := json.NewDecoder(answer.Body).Decode(said); err != nil {
		return nil, err
	}
	return said, said.fault()
}

func janusPost(url string, message object) (*janusSaid, error) {
	message["transaction"] = "t"
	body, err := json.Marshal(message)
	must(err)
	return janusRead(http.Post(url, "application/json", bytes.NewReader(body)))
}

type janusHandle struct{ session, url string }

func janusAttach(url string) (*janusHandle, error) {
	said, err := janusPost(url, object{"janus": "create"})
	if err != nil {
		return nil, err
	}
	session := fmt.Sprintf("%s/%d", url, said.Data.ID)
	said, err = janusPost(session, object{"janus": "attach", "plugin": "janus.plugin.videoroom"})
	if err != nil {
		return nil, err
	}
	return &janusHandle{session, fmt.Sprintf("%s/%d", session, said.Data.ID)}, nil
}

// The event with a description that comes then.
func (h *janusHandle) ask(body object, jsep interface{}) (*janusSaid, error) {
	message := object{"janus": "message", "body": body}
	if jsep != nil {
		message["jsep"] = jsep
	}
	if _, err := janusPost(h.url, message); err != nil {
		return nil, err
	}
	for end := time.Now().Add(patience); time.Now().Before(end); {
		said, err := janusRead(http.Get(h.session + "?maxev=1"))
		if err != nil || said.Jsep != nil {
			return said, err
		}
	}
	return nil, errors.New("no description came")
}

func janusPublishes(url string) negotiation {
	return func(peer *webrtc.PeerConnection) error {
		offer, err := peer.CreateOffer(nil)
		must(err)
		sdp, err := gather(peer, offer)
		must(err)
		handle, err := janusAttach(url)
		if err != nil {
			return err
		}
		said, err := handle.ask(object{"request": "joinandconfigure", "ptype": "publisher", "room": janusRoom, "id": janusFeed},
			object{"type": "offer", "sdp": sdp})
		if err != nil {
			return err
		}
		return peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: said.Jsep.SDP})
	}
}

func janusWatches(url string) negotiation {
	return func(peer *webrtc.PeerConnection) error {
		handle, err := janusAttach(url)
		if err != nil {
			return err
		}
		join := object{"request": "join", "ptype": "subscriber", "room": janusRoom, "streams": []object{{"feed": janusFeed}}}
		said, err := handle.ask(join, nil)
		for try := 0; err != nil && try < 50; try++ { // the publisher may be on its way
			time.Sleep(200 * time.Millisecond)
			said, err = handle.ask(join, nil)
		}
		if err != nil {
			return err
		}
		err = peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: said.Jsep.SDP})
		if err != nil {
			return err
		}
		answer, err := peer.CreateAnswer(nil)
		if err != nil {
			return err
		}
		sdp, err := gather(peer, answer)
		if err != nil {
			return err
		}
		_, err = janusPost(handle.url, object{"janus": "message", "body": object{"request": "start"},
			"jsep": object{"type": "answer", "sdp": sdp}})
		return err
	}
}
