/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests and their answers, through the whole graph. */
#include "steps.h"

#include "turn/turn.h"

#include <string.h>

#define BINDING(client, ...)                                                                       \
	{                                                                                          \
		.act = REQUEST, .who = client, .request = {.method = STUN_BINDING},                \
		.proof = PROOF_NONE, __VA_ARGS__                                                   \
	}

static bool drop_all_nonces(struct scene *scene)
{
	for (int i = 0; i < CLIENTS_END; i++)
		scene->clients[i].has_nonce = false;
	return true;
}

static bool alternates(struct scene *scene, bool draining)
{
	struct sluice_turn_alternates list = {.draining = draining, .count = 1};
	char why[SLUICE_API_ERROR_MAX];

	memcpy(list.list[0].addr4.ip, ip_addr_v4(RTE_BE32(0xc6120b01)).bytes, 16);
	list.list[0].addr6.ip[0] = 0x20;
	return turn_alternates_set(scene->rig.dp->turn, &list, why) == 0;
}

static bool drain(struct scene *scene)
{
	return alternates(scene, true);
}

static bool know_another(struct scene *scene)
{
	return alternates(scene, false);
}

/* As after `gate nonce secret` where the previous key was lost too. */
static bool nonce_keys_change(struct scene *scene)
{
	const struct stun_nonce_keys keys = {.keys = {{1, 2}, {3, 4}}};

	return turn_nonce_keys_set(scene->rig.dp->turn, &keys) == 0;
}

static const struct packet_case cases[] = {
        {
                .name = "Binding, both families",
                .steps = {BINDING(CLIENT_A4, .size = 32),
                          BINDING(CLIENT_A6, .size = 44),
                          {REQUEST, CLIENT_A4,
                           .request = {.method = STUN_BINDING, .fingerprint = true},
                           .proof = PROOF_NONE, .size = 40},
                          BINDING(CLIENT_A4, .vlan = 9),
                          BINDING(CLIENT_A4, .no_checksum = true)},
        },
        {
                .name = "the first Allocate is answered by 52 bytes",
                .config = {.realm = "abcd"},
                .steps = {ALLOCATE(CLIENT_A4, .proof = PROOF_NONE, .error = 401, .size = 52),
                          ALLOCATE(CLIENT_A6, .proof = PROOF_NONE, .error = 401, .size = 52)},
        },
        {
                .name = "Allocate and what it grants",
                .steps = {ALLOCATE(CLIENT_A4, .lifetime_s = 600),
                          ALLOCATE(CLIENT_A6, .request.family = STUN_FAMILY_IPV4),
                          {REQUEST, CLIENT_B4,
                           .request = {ALLOCATE_REQUEST, .lifetime = true, .lifetime_s = 1200,
                                       .fingerprint = true},
                           .lifetime_s = 1200},
                          {REQUEST, CLIENT_B6,
                           .request = {ALLOCATE_REQUEST, .lifetime = true, .lifetime_s = 1000000,
                                       .family = STUN_FAMILY_IPV6},
                           .lifetime_s = 3600}},
        },
        {
                .name = "a retransmitted Allocate makes nothing twice",
                .steps = {ALLOCATE(CLIENT_A4),
                          ALLOCATE(CLIENT_A4, .retransmit = true, .same_relayed = true),
                          ALLOCATE(CLIENT_A4, .error = 437)},
        },
        {
                .name = "Refresh, and its end",
                .steps = {ALLOCATE(CLIENT_A4), REFRESH(CLIENT_A4, 700, .lifetime_s = 700),
                          REFRESH(CLIENT_A4, 100, .lifetime_s = 600), REFRESH(CLIENT_A4, 0),
                          REFRESH(CLIENT_A4, 0, .retransmit = true),
                          REFRESH(CLIENT_A4, 600, .error = 437),
                          PERMIT(CLIENT_A4, PEER4, .error = 437),
                          BIND(CLIENT_A4, PEER4, 0x4000, .error = 437)},
        },
        {
                .name = "an allocation may be made again after its end",
                .steps = {ALLOCATE(CLIENT_A4),
                          REFRESH(CLIENT_A4, 0),
                          ALLOCATE(CLIENT_A4),
                          PERMIT(CLIENT_A4, PEER4),
                          {SEND, CLIENT_A4, PEER4}},
        },
        {
                .name = "EVEN-PORT, and the port beside it by its token, once",
                .steps = {{REQUEST, CLIENT_A4,
                           .request = {ALLOCATE_REQUEST, .even_port = true, .reserve = true},
                           .even = true},
                          {REQUEST, CLIENT_B4, .request = {ALLOCATE_REQUEST, .even_port = true},
                           .even = true},
                          ALLOCATE(CLIENT_A6, .token_of = CLIENT_A4),
                          ALLOCATE(CLIENT_B6, .token_of = CLIENT_A4, .error = 508)},
        },
        {
                .name = "wrong proof",
                .steps = {ALLOCATE(CLIENT_A4, .proof = PROOF_WRONG_PASSWORD, .error = 401),
                          ALLOCATE(CLIENT_A4, .proof = PROOF_WRONG_USER, .error = 401),
                          ALLOCATE(CLIENT_A4, .proof = PROOF_FORGED_NONCE, .error = 438),
                          ALLOCATE(CLIENT_A4, .proof = PROOF_FOREIGN_NONCE, .error = 438),
                          ALLOCATE(CLIENT_A4),
                          REFRESH(CLIENT_A4, 0, .proof = PROOF_WRONG_PASSWORD, .error = 401),
                          PERMIT(CLIENT_A4, PEER4, .proof = PROOF_NONE, .error = 401),
                          PERMIT(CLIENT_A4, PEER4)},
        },
        {
                .name = "a nonce grows stale, the next one serves",
                .steps =
                        {ALLOCATE(CLIENT_A4),
                         {REQUEST, CLIENT_A4,
                          .request = {.method = STUN_REFRESH, .lifetime = true, .lifetime_s = 3600},
                          .lifetime_s = 3600},
                         {LATER, .seconds = 3590},
                         REFRESH(CLIENT_A4, 3600),
                         {LATER, .seconds = 100},
                         REFRESH(CLIENT_A4, 600, .error = 438),
                         REFRESH(CLIENT_A4, 600)},
        },
        {
                .name = "whatever became of the keys, a signed request is asked for another nonce",
                .steps = {ALLOCATE(CLIENT_A4),
                          {CALL, .call = nonce_keys_change},
                          REFRESH(CLIENT_A4, 600, .error = 438),
                          REFRESH(CLIENT_A4, 600),
                          PERMIT(CLIENT_A4, PEER4),
                          BIND(CLIENT_A4, PEER4, 0x4000)},
        },
        {
                .name = "a node that drains sends new clients away with its first answer",
                .steps = {ALLOCATE(CLIENT_B4),
                          {CALL, .call = drain},
                          ALLOCATE(CLIENT_A4, .proof = PROOF_NONE, .error = 300, .size = 40),
                          ALLOCATE(CLIENT_A6, .proof = PROOF_NONE, .error = 300, .size = 52),
                          {REQUEST, CLIENT_A4, .request = {ALLOCATE_REQUEST, .fingerprint = true},
                           .proof = PROOF_NONE, .error = 300, .size = 48},
                          REFRESH(CLIENT_B4, 600),
                          PERMIT(CLIENT_B4, PEER4),
                          {SEND, CLIENT_B4, PEER4}},
        },
        {
                .name = "a node that is full does, too",
                .config = {.max_allocations = 1},
                .steps = {{CALL, .call = know_another},
                          ALLOCATE(CLIENT_A4),
                          ALLOCATE(CLIENT_B4, .proof = PROOF_NONE, .error = 300, .size = 40),
                          REFRESH(CLIENT_A4, 0),
                          ALLOCATE(CLIENT_B4, .proof = PROOF_NONE, .error = 401)},
        },
        {
                .name = "no REQUESTED-TRANSPORT, or one that is not UDP",
                .steps = {{REQUEST, CLIENT_A4, .request = {.method = STUN_ALLOCATE}, .error = 400},
                          {REQUEST, CLIENT_A4, .request = {.method = STUN_ALLOCATE, .transport = 6},
                           .error = 442}},
        },
        {
                .name = "families that contradict each other, or are none",
                .steps = {{REQUEST, CLIENT_A4, .request = {ALLOCATE_REQUEST, .family = 9},
                           .error = 440},
                          {REQUEST, CLIENT_A4,
                           .request = {ALLOCATE_REQUEST, BOTH_FAMILIES, .family = STUN_FAMILY_IPV4},
                           .error = 400}},
        },
        {
                .name = "unknown attributes",
                .steps = {{REQUEST, CLIENT_A4, .request = {ALLOCATE_REQUEST, .unknown = 0x7fff},
                           .error = 420},
                          {REQUEST, CLIENT_A4, .request = {ALLOCATE_REQUEST, .unknown = 0xbfff}}},
        },
        {
                .name = "denied peers in every encoding",
                .steps = {ALLOCATE_BOTH(CLIENT_A4),
                          PERMIT(CLIENT_A4, PEER_PRIVATE, .error = 403),
                          PERMIT(CLIENT_A4, PEER_NAT64, .error = 403),
                          PERMIT(CLIENT_A4, PEER_6TO4, .error = 403),
                          BIND(CLIENT_A4, PEER_PRIVATE, 0x4000, .error = 403),
                          BIND(CLIENT_A4, PEER_NAT64, 0x4000, .error = 403),
                          PERMIT(CLIENT_A4, PEER4, .also = PEER_PRIVATE, .error = 403),
                          {SEND, CLIENT_A4, PEER4, .drop = DROP_TURN_NO_PERMISSION},
                          {SEND, CLIENT_A4, PEER_PRIVATE, .drop = DROP_TURN_NO_PERMISSION}},
        },
        {
                .name = "a peer of a family that the allocation lacks",
                .steps = {ALLOCATE(CLIENT_A4),
                          PERMIT(CLIENT_A4, PEER6, .error = 443),
                          BIND(CLIENT_A4, PEER6, 0x4000, .error = 443),
                          {SEND, CLIENT_A4, PEER6, .drop = DROP_TURN_FAMILY}},
        },
        {
                .name = "channels: one number, one peer",
                .steps = {ALLOCATE(CLIENT_A4),
                          BIND(CLIENT_A4, PEER4, 0x4000),
                          BIND(CLIENT_A4, PEER4, 0x4000),
                          BIND(CLIENT_A4, PEER4, 0x4001, .error = 400),
                          BIND(CLIENT_A4, PEER4_OTHER, 0x4000, .error = 400),
                          BIND(CLIENT_A4, PEER4_OTHER, 0x3fff, .error = 400),
                          BIND(CLIENT_A4, PEER4_OTHER, 0x8000, .error = 400),
                          {CHANNEL_DATA, CLIENT_A4, PEER4, .channel = 0x4000}},
        },
        {
                .name = "several permissions at once, and none",
                .steps = {ALLOCATE(CLIENT_A4),
                          PERMIT(CLIENT_A4, PEER4, .also = PEER4_OTHER),
                          {SEND, CLIENT_A4, PEER4},
                          {SEND, CLIENT_A4, PEER4_OTHER},
                          {REQUEST, CLIENT_A4, .request = {.method = STUN_CREATE_PERMISSION},
                           .error = 400}},
        },
        {
                .name = "a user's quota",
                .config = {.quota_user = 1},
                .steps = {ALLOCATE(CLIENT_A4), ALLOCATE(CLIENT_B4, .error = 486),
                          REFRESH(CLIENT_A4, 0), ALLOCATE(CLIENT_B4)},
        },
        {
                .name = "the host's quota",
                .config = {.quota_host = 1},
                .steps = {ALLOCATE(CLIENT_A4), ALLOCATE(CLIENT_B4, .error = 486)},
        },
        {
                .name = "a full table",
                .config = {.max_allocations = 1},
                .steps = {ALLOCATE(CLIENT_A4),
                          ALLOCATE(CLIENT_B4, .error = 508),
                          PERMIT(CLIENT_A4, PEER4),
                          {SEND, CLIENT_A4, PEER4}},
        },
        {
                .name = "a full port range",
                .config = {.relay_ports = 1},
                .steps = {ALLOCATE(CLIENT_A4), ALLOCATE(CLIENT_B4, .error = 508),
                          ALLOCATE_6(CLIENT_B4)},
        },
        {
                .name = "an answer goes back into the VLAN's port, without its tag",
                .steps = {{CALL, .call = drop_all_nonces}, ALLOCATE(CLIENT_A4, .vlan = 12)},
        },
        {
                .name = "requests that contradict themselves",
                .steps = {ALLOCATE(CLIENT_A4),
                          {REQUEST, CLIENT_A4, .request = {.method = STUN_BINDING},
                           .proof = PROOF_NONE, .message_edit = message_length_lies,
                           .drop = DROP_STUN_MALFORMED},
                          {REQUEST, CLIENT_A4, PEER4, .request = {.method = STUN_CREATE_PERMISSION},
                           .message_edit = message_cut, .drop = DROP_STUN_MALFORMED},
                          {REQUEST, CLIENT_A4, PEER4,
                           .request = {.method = STUN_CREATE_PERMISSION, .fingerprint = true},
                           .message_edit = message_break_fingerprint,
                           .drop = DROP_STUN_FINGERPRINT},
                          PERMIT(CLIENT_A4, PEER4)},
        },
};

const struct case_table request_cases = {cases, RTE_DIM(cases)};
