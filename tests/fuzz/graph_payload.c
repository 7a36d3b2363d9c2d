/* SPDX-License-Identifier: BSD-3-Clause */
/* What a datagram of an input carries: STUN that is signed, ChannelData, SRTP that is sealed, or
 * just bytes. */
#include "graph_fuzz.h"

#include <string.h>

#include <arpa/inet.h>

#include "gate/gate.h"
#include "media/bytes.h"
#include "media/config.h"
#include "media/media.h"
#include "net/neighbour.h"
#include "session/state.h"
#include "srtp/rtp.h"
#include "stun/writer.h"
#include "turn/turn.h"

static uint16_t check_write(struct input *input, uint8_t *room)
{
	static const uint8_t transaction[STUN_TRANSACTION_SIZE];
	uint8_t how = take(input), which = how % BROWSERS, more = take(input);
	char name[UFRAG_SIZE + 8];
	struct stun_writer writer;
	struct stun_key key;

	snprintf(name, sizeof(name), "%.16s:them", made[which].ufrag);
	if (how & 128)
		name[take(input) % UFRAG_SIZE] ^= 1;
	stun_key_raw(&key, made[how & 64 ? 0 : which].pwd, 32);
	stun_begin(&writer, room, PAYLOAD_MAX, STUN_BINDING, STUN_REQUEST, transaction);
	stun_put_bytes(&writer, STUN_ATTR_USERNAME, name, (uint16_t)strlen(name));
	if (more & 1)
		stun_put_bytes(&writer, STUN_ATTR_USE_CANDIDATE, NULL, 0);
	if (more & 2)
		stun_put_u32(&writer, (enum stun_attr_type)0xc001, more >> 4);
	if (more & 4)
		stun_put_bytes(&writer, STUN_ATTR_ICE_CONTROLLED, transaction, 8);
	if (more & 8)
		stun_put_u32(&writer, STUN_ATTR_PRIORITY, more);
	stun_put_integrity(&writer, &key);
	stun_put_fingerprint(&writer);
	return stun_end(&writer);
}

static uint16_t dtls_write(struct input *input, uint8_t *room)
{
	room[0] = 20 + take(input) % 44;
	return 1 + take_bytes(input, room + 1, 1200);
}

static uint16_t stun_write(struct input *input, uint8_t *room, enum actor from)
{
	static const enum stun_method methods[] = {STUN_BINDING,           STUN_ALLOCATE,
	                                           STUN_REFRESH,           STUN_SEND,
	                                           STUN_CREATE_PERMISSION, STUN_CHANNEL_BIND};
	static uint8_t transaction[STUN_TRANSACTION_SIZE];
	uint8_t how = take(input), more = take(input);
	struct client_request request = {
	        .method = methods[how % COUNT(methods)],
	        .transport = request.method == STUN_ALLOCATE ? 17 : 0,
	        .family = how & 64 ? 2 : 0,
	        .lifetime = more & 1,
	        .lifetime_s = more & 2 ? 0 : 600,
	        .even_port = more & 4,
	        .reserve = more & 8,
	        .dont_fragment = more & 16,
	        .fingerprint = more & 32,
	        .unknown = more & 64 ? take16(input) : 0,
	        .transaction = transaction,
	};
	struct client_identity identity = {
	        .user = "demo",
	        .realm = scene.realm,
	        .key = how & 128 ? &scene.wrong_key : &scene.key,
	        .nonce = scene.clients[from].has_nonce ? scene.clients[from].nonce : NULL,
	};
	uint8_t data[256];

	transaction[0]++;
	if (request.method == STUN_ALLOCATE)
		request.transport = more & 128 ? more : 17;
	request.mobile = request.method == STUN_ALLOCATE && request.dont_fragment;
	if (request.method == STUN_REFRESH && request.dont_fragment)
		request.ticket = scene.clients[CLIENT_A4 + (more >> 6)].ticket;
	if (how / 8 % 4 != 0 && request.method >= STUN_SEND) {
		request.n_peers = 1 + more % 3;
		for (uint8_t i = 0; i < request.n_peers; i++)
			request.peers[i] = scene_addr(
			        &scene, CLIENTS_END + (how + i) % (ACTORS - CLIENTS_END));
	}
	if (request.method == STUN_CHANNEL_BIND)
		request.channel = 0x4000 + more % 4;
	if (request.method == STUN_SEND)
		return client_send_write(room, PAYLOAD_MAX, &request, data,
		                         take_bytes(input, data, sizeof(data)));
	return client_request_write(room, PAYLOAD_MAX, &request, &identity);
}

static uint16_t channel_write(struct input *input, uint8_t *room)
{
	uint8_t data[512];
	uint16_t channel = 0x4000 + take(input) % 5;

	return client_channel_write(room, PAYLOAD_MAX, channel, data,
	                            take_bytes(input, data, sizeof(data)));
}

/* Any header and payload, sealed as the publisher would. */
static uint16_t srtp_write(struct input *input, uint8_t *room)
{
	uint8_t first = take(input), second = take(input);
	uint32_t ssrc = 0x1000u + take(input) % 3, index = (uint32_t)take16(input) << 2;
	struct rtp_view view;
	struct srtp_job job;
	uint16_t length;

	memset(room, 0, RTP_HEADER_SIZE);
	room[0] = RTP_VERSION << 6 | (first & 0x3f);
	room[1] = second;
	write_be16(room + 2, (uint16_t)index);
	write_be32(room + 4, index * 90);
	write_be32(room + 8, ssrc == 0x1002 ? 0x1100 : ssrc);
	length = RTP_HEADER_SIZE + take_bytes(input, room + RTP_HEADER_SIZE, 1100);
	if (rtp_is_rtcp(second)) {
		int sealed;

		write_be16(room + 2, (uint16_t)(length / 4 - 1));
		length &= ~3;
		sealed = scene.rig.dp->srtp->protect_rtcp(cipher, session, room, length, index + 1);
		return sealed > 0 ? (uint16_t)sealed : length;
	}
	if (rtp_parse(room, length, &view) != 0)
		return length;
	job = (struct srtp_job){
	        .session = session,
	        .src = room + view.header_length,
	        .dst = room + view.header_length,
	        .index = index,
	        .ssrc = htonl(view.ssrc),
	        .header_length = view.header_length,
	        .length = view.payload_length,
	};
	CHECK(scene.rig.dp->srtp->protect(cipher, &job, 1, NULL, 0) == 1);
	return length + 16;
}

static uint16_t session_write(struct input *input, uint8_t *room, uint8_t kind)
{
	switch (kind % 4) {
	case 0:
	case 1:
		return check_write(input, room);
	case 2:
		return dtls_write(input, room);
	default:
		return srtp_write(input, room);
	}
}

uint16_t payload_write(struct input *input, uint8_t *room, uint8_t kind, enum actor from)
{
	if (kind & 8)
		return session_write(input, room, kind);
	switch (kind % 4) {
	case 0:
		return take_bytes(input, room, PAYLOAD_MAX);
	case 1:
		return stun_write(input, room, from);
	case 2:
		return channel_write(input, room);
	default:
		return srtp_write(input, room);
	}
}
