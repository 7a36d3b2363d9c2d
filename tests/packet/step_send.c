/* SPDX-License-Identifier: BSD-3-Clause */
/* What a step sends. */
#include "step_run.h"

#include "pieces.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Edits may make a message longer by this much. */
#define EDIT_ROOM 256

uint16_t step_data(const struct step *step, uint8_t room[FRAME_MAX])
{
	const char *data = step->data ? step->data : "data";
	uint16_t length = step->length ? step->length : (uint16_t)strlen(data);

	if (step->empty)
		return 0;
	if (step->data != NULL || step->length == 0)
		memcpy(room, data, length);
	else
		for (uint16_t i = 0; i < length; i++)
			room[i] = (uint8_t)(i * 151 + (i >> 8) + 7);
	return length;
}

static void piece_send(struct run *run, enum actor who, const struct piece *piece)
{
	rig_inject(&run->scene->rig, actor_port(who), run->step->worker, piece->bytes,
	           piece->length);
}

static void pieces_send(struct run *run, enum actor who, const uint8_t *frame, uint16_t length)
{
	struct piece *pieces = calloc(PIECES_MAX, sizeof(*pieces));
	unsigned int count, first = run->step->how == CUT_WITHOUT_FIRST;

	count = frame_cut(frame, length, run->step->cut, (uint16_t)++run->scene->transactions,
	                  pieces);
	if (run->step->how == CUT_OVERLAP)
		piece_shift(&pieces[1], -8);
	for (unsigned int i = first; i < count - (run->step->how == CUT_WITHOUT_LAST); i++) {
		piece_send(run, who,
		           &pieces[run->step->how == CUT_MIXED && i != 0 ? count - i : i]);
		if (run->step->how == CUT_TWICE && i == 1)
			piece_send(run, who, &pieces[i]);
	}
	free(pieces);
}

static void frame_send(struct run *run, enum actor who, struct transport_addr to, uint8_t *message,
                       uint16_t length)
{
	const struct step *step = run->step;
	uint8_t bytes[FRAME_MAX];
	struct frame frame = {
	        .to_mac = {{2, 0, 0, 0, 1, 0}},
	        .from_mac = actor_mac(who),
	        .vlan = step->vlan,
	        .from = scene_addr(run->scene, who),
	        .to = to,
	        .hop_limit = step->hop_limit ? step->hop_limit : DEFAULT_HOP_LIMIT,
	        .traffic_class = step->traffic_class,
	        .dont_fragment = step->dont_fragment,
	        .no_checksum = step->no_checksum,
	        .payload = message,
	        .length = length,
	};
	uint16_t size;

	size = frame_write(bytes, sizeof(bytes) - EDIT_ROOM, &frame);
	if (step->frame_edit != NULL)
		step->frame_edit(bytes, &size);
	if (step->checksum_open)
		frame_open_udp_checksum(bytes);
	run->scene->rig.rx_flags = step->checksum_open ? RTE_MBUF_F_RX_L4_CKSUM_NONE : 0;
	if (step->cut != 0)
		pieces_send(run, who, bytes, size);
	else
		rig_inject(&run->scene->rig, actor_port(who), step->worker, bytes, size);
	rig_walk(&run->scene->rig);
}

static void message_send(struct run *run, uint8_t *message, uint16_t length)
{
	if (run->step->message_edit != NULL)
		run->step->message_edit(message, &length);
	frame_send(run, run->step->who, server_addr(run->step->who), message, length);
}

static void transaction_next(struct scene *scene, enum actor who)
{
	uint32_t number = ++scene->transactions;

	memset(scene->clients[who].transaction, 0xa5, STUN_TRANSACTION_SIZE);
	memcpy(scene->clients[who].transaction, &number, sizeof(number));
}

static struct transport_addr peer_named(struct run *run)
{
	struct transport_addr addr = scene_addr(run->scene, run->step->to);

	return run->step->inside ? scene_wire(run->scene, addr) : addr;
}

static struct client_request request_filled(struct run *run)
{
	const struct step *step = run->step;
	struct client_request request = step->request;

	if (!step->retransmit)
		transaction_next(run->scene, step->who);
	request.transaction = run->scene->clients[step->who].transaction;
	if (step->to != NOBODY)
		request.peers[request.n_peers++] = peer_named(run);
	if (step->also != NOBODY)
		request.peers[request.n_peers++] = scene_addr(run->scene, step->also);
	if (request.method == STUN_CHANNEL_BIND)
		request.channel = step->channel;
	if (step->token_of != NOBODY)
		request.token = run->scene->clients[step->token_of].token;
	if (step->ticket_of != NOBODY)
		request.ticket = run->scene->clients[step->ticket_of].ticket;
	return request;
}

static const char *proof_nonce(struct run *run)
{
	struct scene *scene = run->scene;

	switch (run->step->proof) {
	case PROOF_NONE:
		return NULL;
	case PROOF_FOREIGN_NONCE:
		return scene->clients[CLIENT_B4].nonce;
	case PROOF_FORGED_NONCE:
		return "AAAAAAAAAAAA";
	default:
		return scene->clients[run->step->who].nonce;
	}
}

static void request_send(struct run *run)
{
	const struct step *step = run->step;
	struct client_request request = request_filled(run);
	struct client_identity identity = {
	        .user = step->proof == PROOF_WRONG_USER ? "nobody" : "demo",
	        .realm = run->scene->realm,
	        .key = step->proof == PROOF_WRONG_PASSWORD ? &run->scene->wrong_key
	                                                   : &run->scene->key,
	        .nonce = proof_nonce(run),
	};
	uint8_t message[2048 + EDIT_ROOM];

	message_send(run, message, client_request_write(message, 2048, &request, &identity));
}

static void send_send(struct run *run)
{
	struct client_request request = request_filled(run);
	uint8_t message[FRAME_MAX], data[FRAME_MAX];
	uint16_t length = step_data(run->step, data);

	request.method = STUN_SEND;
	length = client_send_write(message, sizeof(message) - EDIT_ROOM, &request, data, length);
	message_send(run, message, length);
}

static void channel_send(struct run *run)
{
	uint8_t message[FRAME_MAX], data[FRAME_MAX];
	uint16_t length = step_data(run->step, data);

	length = client_channel_write(message, sizeof(message) - EDIT_ROOM, run->step->channel,
	                              data, length);
	message_send(run, message, length);
}

static void datagram_send(struct run *run)
{
	uint8_t message[FRAME_MAX];

	message_send(run, message, step_data(run->step, message));
}

static void peer_send(struct run *run)
{
	uint8_t message[FRAME_MAX];
	uint16_t length = step_data(run->step, message);

	frame_send(run, run->step->who,
	           scene_wire(run->scene, scene_addr(run->scene, run->step->to)), message, length);
}

static void icmp_send(struct run *run)
{
	const struct step *step = run->step;
	uint8_t bytes[FRAME_MAX];
	struct frame about = {
	        .to_mac = {{2, 0, 0, 0, 1, 0}},
	        .from_mac = actor_mac(step->who),
	        .vlan = step->vlan,
	        .from = step->to == NOBODY
	                        ? server_addr(step->who)
	                        : scene_wire(run->scene, scene_addr(run->scene, step->to)),
	        .to = scene_addr(run->scene, step->who),
	};
	uint16_t size = frame_icmp(bytes, &about, step->length ? step->length : 1500, step->mtu);

	if (step->frame_edit != NULL)
		step->frame_edit(bytes, &size);
	run->scene->rig.rx_flags = 0;
	rig_inject(&run->scene->rig, actor_port(step->who), step->worker, bytes, size);
	rig_walk(&run->scene->rig);
}

static void (*const senders[])(struct run *run) = {
        [REQUEST] = request_send, [CHANNEL_DATA] = channel_send, [SEND] = send_send,
        [PEER_DATA] = peer_send,  [DATAGRAM] = datagram_send,    [ICMP] = icmp_send,
};

void step_send(struct run *run)
{
	senders[run->step->act](run);
}
