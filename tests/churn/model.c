/* SPDX-License-Identifier: BSD-3-Clause */
#include "model.h"

#include <string.h>

#define LIFETIME_LEAST   600
#define LIFETIME_MOST    3600
#define PERMISSION_S     300
#define CHANNEL_S        600
#define LINGER_S         10
#define NONCE_LIFETIME_S 3600

/* -- what there is -- */

static bool ip_is_v4(const struct ip_addr *ip)
{
	return ip_addr_is_v4(ip);
}

static bool addr_equal(const struct transport_addr *a, const struct transport_addr *b)
{
	return a->port == b->port && ip_addr_equal(&a->ip, &b->ip);
}

static struct model_permission *permission_of(const struct model_allocation *allocation,
                                              const struct ip_addr *ip)
{
	for (uint32_t i = 0; i < allocation->n_permissions; i++)
		if (ip_addr_equal(&allocation->permissions[i].ip, ip))
			return (struct model_permission *)&allocation->permissions[i];
	return NULL;
}

static struct model_channel *channel_by_number(const struct model_allocation *allocation,
                                               uint16_t number)
{
	for (uint32_t i = 0; i < allocation->n_channels; i++)
		if (allocation->channels[i].number == number)
			return (struct model_channel *)&allocation->channels[i];
	return NULL;
}

static struct model_channel *channel_by_peer(const struct model_allocation *allocation,
                                             const struct transport_addr *peer)
{
	for (uint32_t i = 0; i < allocation->n_channels; i++)
		if (addr_equal(&allocation->channels[i].peer, peer))
			return (struct model_channel *)&allocation->channels[i];
	return NULL;
}

/* -- which 5-tuple has what -- */

void model_begin(struct model *model)
{
	for (uint32_t i = 0; i < WORLD_CLIENTS; i++)
		model->leads[i] = -1;
}

static uint32_t place_of(const struct model *model, uint32_t client)
{
	return model->leads[client] >= 0 ? (uint32_t)model->leads[client] : client;
}

/* Nobody may move to it any more. */
static void leads_drop(struct model *model, uint32_t place)
{
	for (uint32_t i = 0; i < WORLD_CLIENTS; i++)
		if (model->leads[i] == (int)place)
			model->leads[i] = -1;
}

static void place_clear(struct model *model, uint32_t place)
{
	leads_drop(model, place);
	memset(&model->allocations[place], 0, sizeof(model->allocations[place]));
}

/* RFC 8016, 3.2.2: what comes by the 5-tuple that the client may move to ends the one before. */
static void arrive(struct model *model, uint32_t client)
{
	uint32_t from = place_of(model, client);

	if (from == client || !model->allocations[from].live)
		return;
	model->allocations[client] = model->allocations[from];
	model->allocations[client].ticket++;
	place_clear(model, from);
	model->moved++;
}

/* Whose ticket this is, or -1. The next one may have been told as well. */
static int place_of_ticket(const struct model *model, const struct ticket_told *ticket)
{
	for (uint32_t i = 0; i < WORLD_CLIENTS; i++) {
		const struct model_allocation *allocation = &model->allocations[i];

		if (!ticket->odd && allocation->live && allocation->ticket != 0 &&
		    allocation->life == ticket->life &&
		    (ticket->number == allocation->ticket ||
		     ticket->number == allocation->ticket + 1))
			return (int)i;
	}
	return -1;
}

static void lists_expire(struct model_allocation *allocation, uint32_t now)
{
	for (uint32_t i = allocation->n_permissions; i-- > 0;)
		if (now >= allocation->permissions[i].expires)
			allocation->permissions[i] =
			        allocation->permissions[--allocation->n_permissions];
	for (uint32_t i = allocation->n_channels; i-- > 0;)
		if (now >= allocation->channels[i].expires)
			allocation->channels[i] = allocation->channels[--allocation->n_channels];
}

void model_expire(struct model *model)
{
	for (uint32_t i = 0; i < WORLD_CLIENTS; i++) {
		struct model_allocation *allocation = &model->allocations[i];

		if (allocation->live && model->now >= allocation->expires)
			place_clear(model, i);
		if (allocation->closed_until != 0 && model->now >= allocation->closed_until)
			place_clear(model, i);
		lists_expire(allocation, model->now);
	}
}

uint32_t model_live(const struct model *model)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < WORLD_CLIENTS; i++)
		count += model->allocations[i].live;
	return count;
}

static uint32_t users_live(const struct model *model, uint32_t user)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < WORLD_CLIENTS; i++)
		count += model->allocations[i].live && model->allocations[i].user == user;
	return count;
}

/* -- who asks -- */

/* RFC 8489, 9.2.4, and two keys that hold at a time. */
static bool nonce_holds(const struct model *model, const struct nonce_made *nonce)
{
	return nonce->there && nonce->generation + 1 >= model->key_generation &&
	       nonce->generation <= model->key_generation &&
	       model->unix_now - nonce->at <= NONCE_LIFETIME_S;
}

static bool credentials_hold(const struct model *model, const struct identity *who)
{
	return !who->wrong && who->secret == model->secrets[who->user] &&
	       (who->expiry == 0 || who->expiry > model->unix_now);
}

static bool key_equal(const struct stun_key *a, const struct stun_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* An allocation's own user may go on with what it was made under. */
static bool authenticated(struct model *model, struct model_allocation *allocation,
                          const struct request *request)
{
	bool known = allocation->live ||
	             (allocation->closed_until != 0 && request->method == STUN_REFRESH);

	known = known && allocation->user == request->who.user;
	if (known && key_equal(&allocation->key, &request->who.key))
		return true;
	if (!credentials_hold(model, &request->who))
		return false;
	if (known)
		allocation->key = request->who.key;
	return true;
}

/* -- methods -- */

static struct answer refused(int code, bool is_signed)
{
	return (struct answer){.code = code, .is_signed = is_signed};
}

static uint32_t lifetime_of(const struct request *request)
{
	uint32_t asked = request->has_lifetime ? request->lifetime : LIFETIME_LEAST;

	if (asked == 0)
		return 0;
	asked = RTE_MAX(asked, (uint32_t)LIFETIME_LEAST);
	return RTE_MIN(asked, (uint32_t)LIFETIME_MOST);
}

/* To the other server where the client's family has one. */
static struct answer elsewhere(const struct model *model, uint32_t client, int code, bool is_signed)
{
	struct transport_addr from = world_client(client);

	return refused(model->alternate && ip_is_v4(&from.ip) ? 300 : code, is_signed);
}

static bool host_full(const struct model *model)
{
	return model->quota_host != 0 && model_live(model) >= model->quota_host;
}

static struct answer allocate(struct model *model, uint32_t client, const struct request *request)
{
	struct model_allocation *allocation = &model->allocations[place_of(model, client)];

	if (allocation->live) {
		if (allocation->number != request->number || allocation->method != STUN_ALLOCATE ||
		    allocation->user != request->who.user)
			return refused(437, true);
		return (struct answer){.is_signed = true,
		                       .lifetime = allocation->granted,
		                       .ticket = {.there = allocation->ticket != 0,
		                                  .life = allocation->life,
		                                  .number = allocation->ticket}};
	}
	if (request->mobile && !model->mobility)
		return refused(405, true);
	if (model->draining)
		return elsewhere(model, client, 508, true);
	if (host_full(model))
		return elsewhere(model, client, 486, true);
	if (model->quota_user != 0 && users_live(model, request->who.user) >= model->quota_user)
		return refused(486, true);
	place_clear(model, place_of(model, client));
	allocation = &model->allocations[client];
	*allocation = (struct model_allocation){
	        .live = true,
	        .life = ++model->lives,
	        .ticket = request->mobile ? 1 : 0,
	        .user = request->who.user,
	        .key = request->who.key,
	        .number = request->number,
	        .method = STUN_ALLOCATE,
	        .granted = RTE_MAX(lifetime_of(request), (uint32_t)LIFETIME_LEAST),
	};
	allocation->expires = model->now + allocation->granted;
	return (struct answer){.is_signed = true,
	                       .is_new = true,
	                       .lifetime = allocation->granted,
	                       .ticket = {.there = allocation->ticket != 0,
	                                  .life = allocation->life,
	                                  .number = allocation->ticket}};
}

/* A Refresh with a ticket: 0 with *told, the number of the one that its answer tells; or the error.
 */
static int ticket_shown(struct model *model, uint32_t client, const struct request *request,
                        uint32_t *told)
{
	int named = place_of_ticket(model, &request->ticket);
	uint32_t place = place_of(model, client), number = request->ticket.number;
	bool comes_new = !model->allocations[place].live;

	if (!model->mobility)
		return 405;
	if (named < 0 || (!comes_new && (uint32_t)named != place))
		return 437;
	if (model->allocations[named].user != request->who.user)
		return 441;
	*told = comes_new || place != client ? number + 1 : number;
	if (comes_new) {
		leads_drop(model, (uint32_t)named);
		model->leads[client] = named;
		model->allocations[named].ticket = number;
	} else if (place != client && number != model->allocations[named].ticket) {
		*told = number;
		arrive(model, client);
	}
	return 0;
}

static struct answer refresh(struct model *model, struct model_allocation *allocation,
                             const struct request *request, uint32_t told)
{
	uint32_t lifetime = lifetime_of(request);

	if (lifetime != 0) {
		allocation->expires = model->now + lifetime;
		return (struct answer){
		        .is_signed = true,
		        .lifetime = lifetime,
		        .ticket = {.there = told != 0, .life = allocation->life, .number = told}};
	}
	*allocation = (struct model_allocation){
	        .user = allocation->user,
	        .key = allocation->key,
	        .number = request->number,
	        .method = STUN_REFRESH,
	        .closed_until = model->now + LINGER_S,
	};
	return refused(0, true);
}

static struct answer refresh_closed(const struct model_allocation *allocation,
                                    const struct request *request)
{
	bool again = allocation->method == request->method &&
	             allocation->number == request->number && allocation->user == request->who.user;

	return refused(again ? 0 : 437, true);
}

static int peer_check(const struct model_allocation *allocation, const struct request *request,
                      uint32_t peer)
{
	if (allocation->relayed[ip_is_v4(&request->peers[peer].ip) ? 0 : 1].port == 0)
		return 443;
	return request->forbidden[peer] ? 403 : 0;
}

static void permit(struct model *model, struct model_allocation *allocation,
                   const struct ip_addr *ip, uint32_t seconds)
{
	struct model_permission *permission = permission_of(allocation, ip);

	if (permission == NULL) {
		permission = &allocation->permissions[allocation->n_permissions++];
		*permission = (struct model_permission){.ip = *ip};
	}
	permission->expires = RTE_MAX(permission->expires, model->now + seconds);
}

static struct answer create_permission(struct model *model, struct model_allocation *allocation,
                                       const struct request *request)
{
	if (request->n_peers == 0)
		return refused(400, true);
	for (uint32_t i = 0; i < request->n_peers; i++) {
		int code = 0;

		/* what is new needs a credential that still holds */
		if (permission_of(allocation, &request->peers[i].ip) == NULL &&
		    !credentials_hold(model, &request->who))
			code = 403;
		if (code == 0)
			code = peer_check(allocation, request, i);
		if (code != 0)
			return refused(code, true);
	}
	for (uint32_t i = 0; i < request->n_peers; i++)
		permit(model, allocation, &request->peers[i].ip, PERMISSION_S);
	return refused(0, true);
}

static struct answer channel_bind(struct model *model, struct model_allocation *allocation,
                                  const struct request *request)
{
	struct model_channel *by_number = channel_by_number(allocation, request->channel);
	struct model_channel *by_peer = channel_by_peer(allocation, &request->peers[0]);
	int code = peer_check(allocation, request, 0);

	if (code == 0 && by_number != by_peer)
		code = 400;
	if (code == 0 && by_number == NULL && !credentials_hold(model, &request->who))
		code = 403;
	if (code != 0)
		return refused(code, true);
	if (by_number == NULL)
		by_number = &allocation->channels[allocation->n_channels++];
	*by_number =
	        (struct model_channel){request->channel, request->peers[0], model->now + CHANNEL_S};
	permit(model, allocation, &request->peers[0].ip, CHANNEL_S);
	return refused(0, true);
}

/* Its own Allocate, before it has shown who it is. */
static struct answer first_answer(const struct model *model, uint32_t client,
                                  const struct request *request)
{
	if (request->method == STUN_ALLOCATE && !model->allocations[place_of(model, client)].live &&
	    (model->draining || host_full(model)))
		return elsewhere(model, client, 401, false);
	return refused(401, false);
}

/* Whose own key the request may be signed with: the 5-tuple's allocation, or the ticket's. */
static struct model_allocation *known_by(struct model *model, uint32_t client,
                                         const struct request *request)
{
	struct model_allocation *allocation = &model->allocations[place_of(model, client)];
	int named = -1;

	if (!allocation->live && allocation->closed_until == 0 && model->mobility &&
	    request->method == STUN_REFRESH && request->ticket.there)
		named = place_of_ticket(model, &request->ticket);
	return named >= 0 ? &model->allocations[named] : allocation;
}

struct answer model_request(struct model *model, uint32_t client, const struct request *request)
{
	struct model_allocation *allocation = &model->allocations[place_of(model, client)];
	uint32_t told = 0;
	int code;

	if (!request->is_signed)
		return first_answer(model, client, request);
	if (!nonce_holds(model, &request->nonce))
		return refused(438, false);
	if (!authenticated(model, known_by(model, client, request), request))
		return refused(401, false);
	if (request->method == STUN_ALLOCATE)
		return allocate(model, client, request);
	if (request->method == STUN_REFRESH && allocation->closed_until != 0)
		return refresh_closed(allocation, request);
	if (request->ticket.there) {
		code = ticket_shown(model, client, request, &told);
		if (code != 0)
			return refused(code, true);
	} else if (allocation->user == request->who.user) {
		arrive(model, client);
	}
	allocation = &model->allocations[place_of(model, client)];
	if (!allocation->live)
		return refused(437, true);
	if (allocation->user != request->who.user)
		return refused(441, true);
	if (request->method == STUN_REFRESH)
		return refresh(model, allocation, request, told);
	if (request->method == STUN_CREATE_PERMISSION)
		return create_permission(model, allocation, request);
	return channel_bind(model, allocation, request);
}

static bool relayed_is_right(const struct model *model, uint32_t client, bool v4,
                             const struct transport_addr *relayed, bool even)
{
	uint16_t port = rte_be_to_cpu_16(relayed->port);
	struct transport_addr expected = world_relay(v4, port);

	if (!addr_equal(relayed, &expected) || port < WORLD_PORT_FIRST || port > WORLD_PORT_LAST ||
	    (even && port % 2 != 0))
		return false;
	for (uint32_t i = 0; i < WORLD_CLIENTS; i++)
		if (i != client && model->allocations[i].live &&
		    addr_equal(&model->allocations[i].relayed[v4 ? 0 : 1], relayed))
			return false; /* two have it */
	return true;
}

bool model_relayed(struct model *model, uint32_t client, const struct request *request,
                   const struct transport_addr relayed[2])
{
	struct model_allocation *allocation = &model->allocations[client];
	bool wanted[2] = {request->both || !request->v6, request->both || request->v6};

	for (int family = 0; family < 2; family++) {
		if (wanted[family] != (relayed[family].port != 0))
			return false;
		if (wanted[family] &&
		    !relayed_is_right(model, client, family == 0, &relayed[family], request->even))
			return false;
		allocation->relayed[family] = relayed[family];
	}
	return true;
}

/* -- datagrams -- */

static bool relayed_of(const struct model_allocation *allocation, const struct ip_addr *peer,
                       struct transport_addr *relayed)
{
	*relayed = allocation->relayed[ip_is_v4(peer) ? 0 : 1];
	return relayed->port != 0;
}

bool model_channel_data(struct model *model, uint32_t client, uint16_t number,
                        struct transport_addr *relayed, struct transport_addr *peer)
{
	const struct model_allocation *allocation = &model->allocations[client];
	const struct model_channel *channel;

	arrive(model, client);
	channel = channel_by_number(allocation, number);
	if (!allocation->live || channel == NULL)
		return false;
	*peer = channel->peer;
	return relayed_of(allocation, &peer->ip, relayed);
}

bool model_send(struct model *model, uint32_t client, const struct transport_addr *peer,
                struct transport_addr *relayed)
{
	const struct model_allocation *allocation = &model->allocations[client];

	arrive(model, client);
	return allocation->live && permission_of(allocation, &peer->ip) != NULL &&
	       relayed_of(allocation, &peer->ip, relayed);
}

int model_to_client(const struct model *model, const struct transport_addr *relayed,
                    const struct transport_addr *peer, uint16_t *channel)
{
	for (uint32_t i = 0; i < WORLD_CLIENTS; i++) {
		const struct model_allocation *allocation = &model->allocations[i];
		const struct model_channel *bound;

		if (!allocation->live ||
		    !addr_equal(&allocation->relayed[ip_is_v4(&relayed->ip) ? 0 : 1], relayed))
			continue;
		if (permission_of(allocation, &peer->ip) == NULL)
			return -1;
		bound = channel_by_peer(allocation, peer);
		*channel = bound != NULL ? bound->number : 0;
		return (int)i;
	}
	return -1;
}
