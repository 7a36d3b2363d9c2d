/* SPDX-License-Identifier: BSD-3-Clause */
/* What an input changes: the configuration, and sessions of browsers. */
#include "graph_fuzz.h"

#include <string.h>

#include <arpa/inet.h>
#include <openssl/crypto.h>

#include "gate/gate.h"
#include "media/config.h"
#include "media/media.h"
#include "net/neighbour.h"
#include "session/state.h"
#include "srtp/rtp.h"
#include "stun/writer.h"
#include "turn/turn.h"

/* -- configuration -- */

static struct sluice_addr api_addr(struct transport_addr addr)
{
	struct sluice_addr api = {.port = addr.port};

	memcpy(api.ip, addr.ip.bytes, sizeof(api.ip));
	return api;
}

static const struct {
	const char *name;
	enum actor remote; /* NOBODY: it learns */
} endpoints[] = {
        {"camera", CLIENT_A4}, {"viewer", CLIENT_B4}, {"six", CLIENT_A6}, {"roamer", NOBODY}};

static const char *const streams[] = {"one", "two", "wild"};

static void endpoint_add(uint8_t which)
{
	struct sluice_endpoint add = {.rx_key_length = 28, .tx_key_length = 28};
	enum actor remote = endpoints[which].remote;
	struct transport_addr local = server_addr(remote != NOBODY ? remote : CLIENT_A4);
	char why[SLUICE_API_ERROR_MAX];

	local.port = htons(MEDIA_PORT + (remote == NOBODY));
	snprintf(add.name, sizeof(add.name), "%s", endpoints[which].name);
	memset(add.rx_key, 1, add.rx_key_length);
	memset(add.tx_key, 2 + which, add.tx_key_length);
	add.local = api_addr(local);
	add.learn = remote == NOBODY;
	if (remote != NOBODY)
		add.remote = api_addr(scene_addr(&scene, remote));
	media_endpoint_add(scene.rig.dp->media, &add, SLUICE_API_EXIST_OK, why);
}

static void stream_add(uint8_t which, uint8_t endpoint)
{
	struct sluice_stream add = {.ssrc = which == 2 ? 0 : 0x1000u + which,
	                            .rtx_ssrc = which == 1 ? 0x1100 : 0};
	char why[SLUICE_API_ERROR_MAX];

	snprintf(add.name, sizeof(add.name), "%s", streams[which]);
	snprintf(add.endpoint, sizeof(add.endpoint), "%s", endpoints[endpoint].name);
	media_stream_add(scene.rig.dp->media, &add, SLUICE_API_EXIST_OK, why);
}

static void subscription_add(uint8_t stream, uint8_t endpoint, uint8_t how)
{
	struct sluice_subscription add = {.ssrc = 0x2000u + stream,
	                                  .rtx_ssrc = how & 1 ? 0x3000u + stream : 0,
	                                  .rtx_pt = 97,
	                                  .ext_count = how >> 1 & 1,
	                                  .ext_from = {1},
	                                  .ext_to = {how >> 2 & 1 ? 200 : 3}};
	char why[SLUICE_API_ERROR_MAX];

	snprintf(add.stream, sizeof(add.stream), "%s", streams[stream]);
	snprintf(add.endpoint, sizeof(add.endpoint), "%s", endpoints[endpoint].name);
	media_subscription_add(scene.rig.dp->media, &add, SLUICE_API_EXIST_OK, why);
}

static void subscription_change(uint8_t stream, uint8_t endpoint, uint8_t how)
{
	struct sluice_subscription_name name;
	struct sluice_subscription_switch change;
	struct media *media = scene.rig.dp->media;
	char why[SLUICE_API_ERROR_MAX];

	memset(&name, 0, sizeof(name));
	memset(&change, 0, sizeof(change));
	snprintf(name.stream, sizeof(name.stream), "%s", streams[stream]);
	snprintf(name.endpoint, sizeof(name.endpoint), "%s", endpoints[endpoint].name);
	memcpy(change.stream, name.stream, sizeof(change.stream));
	memcpy(change.endpoint, name.endpoint, sizeof(change.endpoint));
	snprintf(change.to, sizeof(change.to), "%s", streams[how / 3 % COUNT(streams)]);
	if (how % 3 == 0)
		media_subscription_delete(media, &name, why);
	else if (how % 3 == 1)
		media_subscription_pause(media, &name, how >> 4 & 1, why);
	else
		media_subscription_switch(media, &change, why);
}

static void turn_change(uint8_t how)
{
	static const struct sluice_turn_user user = {.name = "demo", .password = "demo"};
	struct sluice_turn_listen listen = {
	        .addr = api_addr(server_addr(how & 8 ? CLIENT_A6 : CLIENT_A4))};
	struct sluice_turn_quota quota = {.user = how >> 4, .host = how >> 5};
	struct turn *turn = scene.rig.dp->turn;
	char why[SLUICE_API_ERROR_MAX];

	switch (how % 5) {
	case 0:
		turn_user_add(turn, &user, SLUICE_API_EXIST_OK, why);
		break;
	case 1:
		turn_listen_delete(turn, &listen, why);
		break;
	case 2:
		turn_listen_add(turn, &listen, SLUICE_API_EXIST_OK, why);
		break;
	case 3:
		turn_quota_set(turn, &quota, why);
		break;
	default:
		turn_tick(turn, how);
		break;
	}
}

static void gate_change(uint8_t how)
{
	static const uint32_t modes[] = {GATE_MODE_OFF, GATE_MODE_OBSERVE, GATE_MODE_ENFORCE};
	struct gate_compiled compiled = gate_compiled_now(scene.rig.dp->gate);
	char why[SLUICE_API_ERROR_MAX];

	compiled.config.mode = modes[how % COUNT(modes)];
	gate_set(scene.rig.dp->gate, &compiled, NULL, why);
}

void config_change(struct input *input)
{
	uint8_t what = take(input), stream = what / 8 % COUNT(streams), how = take(input);
	uint8_t endpoint = how / 64 % COUNT(endpoints);
	char why[SLUICE_API_ERROR_MAX];

	switch (what % 8) {
	case 0:
		endpoint_add(endpoint);
		break;
	case 1:
		media_endpoint_delete(scene.rig.dp->media, endpoints[endpoint].name, why);
		break;
	case 2:
		stream_add(stream, endpoint);
		break;
	case 3:
		media_stream_delete(scene.rig.dp->media, streams[stream], why);
		break;
	case 4:
		subscription_add(stream, endpoint, how);
		break;
	case 5:
		subscription_change(stream, endpoint, how);
		break;
	case 6:
		turn_change(how);
		break;
	default:
		gate_change(how);
		break;
	}
}

void config_begin(void)
{
	struct input nothing = {0};

	for (uint8_t i = 0; i < COUNT(endpoints); i++)
		endpoint_add(i);
	for (uint8_t i = 0; i < COUNT(streams); i++) {
		stream_add(i, i);
		subscription_add(i, (i + 1) % COUNT(endpoints), i);
		subscription_add(i, (i + 2) % COUNT(endpoints), 2);
	}
	for (uint8_t how = 0; how < 3; how += 2) {
		turn_change(how);
		turn_change(how | 8);
	}
	turn_change(3);
	gate_change(take(&nothing));
}

/* -- sessions of browsers, at TURN's port and at one of their own -- */

static const char *const browsers[BROWSERS] = {"browser-a", "browser-b", "browser-c"};
struct sluice_session_made made[BROWSERS];

static void session_offer(uint8_t which, uint8_t how)
{
	struct sluice_session add = {
	        .role = which == 1,
	        .takeover = how & 1,
	        .active = how >> 1 & 1,
	        .n_tracks = 2,
	        .n_fingerprints = 1,
	        .fingerprints = {{.length = 32}},
	};
	char why[SLUICE_API_ERROR_MAX];

	snprintf(add.id, sizeof(add.id), "%s", browsers[which]);
	snprintf(add.stream, sizeof(add.stream), "%s", which == 2 ? "hall" : "room");
	for (uint8_t i = 0; i < add.n_tracks; i++) {
		add.tracks[i] = (struct sluice_track){
		        .mid = {(char)('0' + i)},
		        .kind = i,
		        .n_payloads = 1,
		        .n_rids = i == 1 ? how >> 2 & 3 : 0,
		        .n_ssrcs = how >> 4 & 1,
		        .extensions = {1, 2, 3},
		        .payloads = {{96, 97, SLUICE_CODEC_VP8, 96, 90000}},
		        .rids = {"q", "h", "f"},
		        .ssrcs = {0x1000u + i},
		        .rtx_ssrcs = {how & 32 ? 0x1100u + i : 0},
		};
	}
	session_add(scene.rig.dp->sessions, &add, &made[which], why);
}

/* What a handshake would bring. */
static void session_keys(uint8_t which)
{
	struct sessions *sessions = scene.rig.dp->sessions;
	uint32_t index = session_named(sessions, browsers[which]);
	struct session_note note;

	if (index == 0 || sessions->list[index].owner == 0)
		return;
	note = session_note_of(sessions, &sessions->list[index], NOTE_KEYS);
	note.keys = OPENSSL_zalloc(sizeof(*note.keys));
	memset(note.keys->rx, 1, sizeof(note.keys->rx));
	memset(note.keys->tx, 9 + which, sizeof(note.keys->tx));
	session_note_send(sessions, &note);
}

void session_change(struct input *input)
{
	struct sessions *sessions = scene.rig.dp->sessions;
	uint8_t what = take(input), which = what / 8 % COUNT(browsers), how = take(input);
	struct sluice_session_restart restart;
	struct sluice_session_layer layer;
	char why[SLUICE_API_ERROR_MAX];

	memset(&restart, 0, sizeof(restart));
	memset(&layer, 0, sizeof(layer));
	snprintf(restart.id, sizeof(restart.id), "%s", browsers[which]);
	snprintf(layer.id, sizeof(layer.id), "%s", browsers[which]);
	snprintf(layer.rid, sizeof(layer.rid), "%s", how & 1 ? "h" : "auto");
	switch (what % 8) {
	case 0:
	case 1:
		session_offer(which, how);
		break;
	case 2:
	case 3:
		session_keys(which);
		break;
	case 4:
		session_restart(sessions, &restart, &made[which], why);
		break;
	case 5:
		session_layer(sessions, &layer, why);
		break;
	case 6:
		session_delete(sessions, browsers[which], why);
		break;
	default:
		sessions_tick(sessions);
		break;
	}
	sessions_poll(scene.rig.dp);
}

void sessions_begin(void)
{
	struct sluice_webrtc_listen listen = {.local = api_addr(server_addr(CLIENT_A4))};
	char why[SLUICE_API_ERROR_MAX];

	webrtc_listen_add(scene.rig.dp->sessions, &listen, SLUICE_API_EXIST_OK, why);
	listen.local.port = htons(SESSION_PORT);
	webrtc_listen_add(scene.rig.dp->sessions, &listen, SLUICE_API_EXIST_OK, why);
	for (uint8_t i = 0; i < COUNT(browsers); i++)
		session_offer(i, 0);
}

void endpoints_end(void)
{
	char why[SLUICE_API_ERROR_MAX];

	for (uint8_t i = 0; i < COUNT(endpoints); i++)
		media_endpoint_delete(scene.rig.dp->media, endpoints[i].name, why);
}
