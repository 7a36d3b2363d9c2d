/* SPDX-License-Identifier: BSD-3-Clause */
/* `webrtc listen ADDRESS[:PORT] [udp|tcp] [announce IP]`: the ports that all sessions share. */
#include "session/state.h"

#include "common/claim.h"
#include "common/log.h"
#include "common/refuse.h"
#include "net/mirror.h"
#include "net/service.h"
#include "stream/stream.h"
#include "turn/text.h"
#include "turn/turn.h"

#include <errno.h>
#include <string.h>

#include <sluice/turn.h>

#define WEBRTC_PORT 3478

static struct transport_addr listen_addr(const struct sluice_webrtc_listen *listen)
{
	return (struct transport_addr){
	        .ip = ip_addr_v6(listen->local.ip),
	        .port = listen->local.port != 0 ? listen->local.port : RTE_BE16(WEBRTC_PORT),
	};
}

int session_listener_at(const struct sessions *sessions, const struct transport_addr *addr,
                        bool tcp)
{
	for (int i = 0; i < SESSION_LISTENERS_MAX; i++)
		if (sessions->listeners[i].used && sessions->listeners[i].tcp == tcp &&
		    sessions->listeners[i].addr.port == addr->port &&
		    ip_addr_equal(&sessions->listeners[i].addr.ip, &addr->ip))
			return i;
	return -1;
}

/* By UDP they are told to classify; by TCP they have sockets. */
static int publish(const struct sessions *sessions)
{
	struct service list[SESSION_LISTENERS_MAX];
	uint32_t count = 0;

	for (uint16_t i = 0; i < SESSION_LISTENERS_MAX; i++) {
		const struct session_listener *listener = &sessions->listeners[i];
		uint16_t port = rte_be_to_cpu_16(listener->addr.port);

		if (listener->used && !listener->tcp)
			list[count++] =
			        (struct service){listener->addr.ip, port, port, SERVICE_SESSION, i};
	}
	return services_set_sessions(sessions->dp, list, count);
}

static bool is_none(const struct sluice_addr *addr)
{
	static const uint8_t nothing[sizeof(addr->ip)];

	return memcmp(addr->ip, nothing, sizeof(nothing)) == 0;
}

static int listen_check(const struct sluice_webrtc_listen *listen, char *why)
{
	char text[TEXT_ADDR_MAX];

	if (listen->transport != SLUICE_TURN_UDP && listen->transport != SLUICE_TURN_TCP)
		return refuse(why, -EOPNOTSUPP, "browsers are served by udp and tcp");
	if (!claim_address_is_host(listen->local.ip))
		return refuse(why, -EINVAL, "%s is not one host's address",
		              text_addr(text, &listen->local));
	if (!is_none(&listen->announce) && !claim_address_is_host(listen->announce.ip))
		return refuse(why, -EINVAL, "%s is not one host's address",
		              text_addr(text, &listen->announce));
	return 0;
}

/* A TURN listener's port may be shared, and nothing else's. */
static int claims_check(const struct sessions *sessions, const struct transport_addr *addr,
                        char *why)
{
	const struct service *service = service_find(sessions->dp->services, &addr->ip, addr->port);
	uint16_t port = rte_be_to_cpu_16(addr->port);
	struct claim fresh = {.first_port = port, .last_port = port, .kind = CLAIM_SESSIONS};
	struct claim held;

	if (turn_has_dtls_at(sessions->dp->turn, addr, why))
		return -EADDRINUSE;
	if (service == NULL || service->kind == SERVICE_TURN || service->kind == SERVICE_SESSION)
		return 0;
	held = (struct claim){
	        .first_port = service->first_port,
	        .last_port = service->last_port,
	        .kind = service->kind == SERVICE_RELAY ? CLAIM_RELAY : CLAIM_ENDPOINT,
	};
	memcpy(fresh.ip, addr->ip.bytes, sizeof(fresh.ip));
	memcpy(held.ip, addr->ip.bytes, sizeof(held.ip));
	return claim_conflict(&fresh, &held, why, SLUICE_API_ERROR_MAX) ? -EADDRINUSE : 0;
}

static void listener_fill(struct session_listener *listener,
                          const struct sluice_webrtc_listen *listen)
{
	listener->config = *listen;
	listener->told =
	        ip_addr_v6(is_none(&listen->announce) ? listen->local.ip : listen->announce.ip);
}

static void absence_note(const struct sessions *sessions, struct session_listener *listener)
{
	bool now = listener->tcp ? !stream_address_is_here(&listener->addr.ip)
	                         : !mirror_has_address(sessions->dp, &listener->addr.ip);
	struct sluice_addr shown = session_addr_of(&listener->addr);
	char text[TEXT_ADDR_MAX];

	if (now == listener->absent)
		return;
	listener->absent = now;
	if (now)
		log_warning(SLUICE_LOG_CONFIG,
		            "webrtc listen %s: absent: no interface%s has this address",
		            text_addr(text, &shown), listener->tcp ? "" : " of a port");
	else
		log_info(SLUICE_LOG_CONFIG, "webrtc listen %s: the address is there now",
		         text_addr(text, &shown));
}

static void absence_warn(const struct session_listener *listener, char *why)
{
	const struct transport_addr at = {.ip = listener->addr.ip};
	struct sluice_addr shown = session_addr_of(&at);
	char text[TEXT_ADDR_MAX];

	if (listener->absent)
		refuse(why, 0,
		       "no interface of a port has the address %s; it is served once one has",
		       text_addr(text, &shown));
}

static int listener_begin(struct sessions *sessions, const struct session_listener *listener,
                          char *why)
{
	int error;

	if (listener->tcp)
		return stream_listen_sessions(sessions->dp,
		                              (uint32_t)(listener - sessions->listeners),
		                              &listener->addr, why);
	error = publish(sessions);
	return error < 0 ? refuse(why, error, "no room for another service") : 0;
}

static int listener_make(struct sessions *sessions, const struct transport_addr *addr,
                         const struct sluice_webrtc_listen *listen, char *why)
{
	struct session_listener *listener = NULL;
	int error;

	for (int i = 0; listener == NULL && i < SESSION_LISTENERS_MAX; i++)
		if (!sessions->listeners[i].used)
			listener = &sessions->listeners[i];
	if (listener == NULL)
		return refuse(why, -ENOSPC,
		              "there are %u addresses of sessions, and no room for more",
		              SESSION_LISTENERS_MAX);
	memset(listener, 0, sizeof(*listener));
	listener_fill(listener, listen);
	listener->addr = *addr;
	listener->tcp = listen->transport == SLUICE_TURN_TCP;
	listener->used = true;
	listener->config_generation = sessions->dp->config_generation;
	error = listener_begin(sessions, listener, why);
	if (error < 0) {
		listener->used = false;
		return error;
	}
	absence_note(sessions, listener);
	absence_warn(listener, why);
	return 0;
}

int webrtc_listen_add(struct sessions *sessions, const struct sluice_webrtc_listen *listen,
                      uint32_t flags, char *why)
{
	struct transport_addr addr = listen_addr(listen);
	struct sluice_addr shown = session_addr_of(&addr);
	bool tcp = listen->transport == SLUICE_TURN_TCP;
	int index = session_listener_at(sessions, &addr, tcp);
	int error = listen_check(listen, why);
	char text[TEXT_ADDR_MAX];

	if (error == 0 && index < 0 && !tcp)
		error = claims_check(sessions, &addr, why);
	if (error < 0)
		return error;
	if (index < 0)
		return listener_make(sessions, &addr, listen, why);
	sessions->listeners[index].config_generation = sessions->dp->config_generation;
	if (!(flags & SLUICE_API_EXIST_OK))
		return refuse(why, -EEXIST, "already listening on %s", text_addr(text, &shown));
	listener_fill(&sessions->listeners[index], listen);
	absence_warn(&sessions->listeners[index], why);
	return 0;
}

int session_listener_wait(struct sessions *sessions, const struct transport_addr *addr)
{
	const struct sluice_webrtc_listen listen = {.local = session_addr_of(addr)};
	int index = session_listener_at(sessions, addr, false);
	char why[SLUICE_API_ERROR_MAX];

	if (index >= 0)
		return index;
	if (listener_make(sessions, addr, &listen, why) < 0)
		return -ENOSPC;
	return session_listener_at(sessions, addr, false);
}

/* Sessions whose path leads there have none any more. */
static void sessions_leave(struct sessions *sessions, const struct session_listener *listener)
{
	const struct transport_addr *addr = &listener->addr;

	for (uint32_t i = 1; i <= sessions->highest; i++) {
		const struct session_way *way = &sessions->control[i].way;

		if (sessions->list[i].live && way->local.port == addr->port &&
		    (way->connection != 0) == listener->tcp &&
		    ip_addr_equal(&way->local.ip, &addr->ip))
			session_end(sessions, i, SLUICE_SESSION_DELETED);
	}
}

static int listener_end(struct sessions *sessions, int index)
{
	struct session_listener *listener = &sessions->listeners[index];

	sessions_leave(sessions, listener);
	listener->used = false;
	if (!listener->tcp)
		return publish(sessions);
	stream_listen_sessions_end(sessions->dp, (uint32_t)index);
	return 0;
}

int webrtc_listen_delete(struct sessions *sessions, const struct sluice_webrtc_listen *listen,
                         char *why)
{
	struct transport_addr addr = listen_addr(listen);
	struct sluice_addr shown = session_addr_of(&addr);
	int index = session_listener_at(sessions, &addr, listen->transport == SLUICE_TURN_TCP);
	char text[TEXT_ADDR_MAX];

	if (index < 0)
		return refuse(why, -ENOENT, "not listening on %s", text_addr(text, &shown));
	return listener_end(sessions, index) < 0 ? refuse(why, -ENOMEM, "no memory") : 0;
}

void webrtc_listen_sweep(struct sessions *sessions)
{
	for (int i = 0; i < SESSION_LISTENERS_MAX; i++)
		if (sessions->listeners[i].used &&
		    sessions->listeners[i].config_generation != sessions->dp->config_generation)
			listener_end(sessions, i);
}

void webrtc_listen_tick(struct sessions *sessions)
{
	for (int i = 0; i < SESSION_LISTENERS_MAX; i++)
		if (sessions->listeners[i].used)
			absence_note(sessions, &sessions->listeners[i]);
}

/* Returns how many there are. */
static uint8_t addresses_tell(const struct sessions *sessions, bool tcp,
                              struct sluice_addr *addresses)
{
	uint8_t count = 0;

	for (int i = 0; i < SESSION_LISTENERS_MAX; i++) {
		const struct session_listener *listener = &sessions->listeners[i];
		uint16_t port = listener->config.announce.port != 0 ? listener->config.announce.port
		                                                    : listener->addr.port;

		if (listener->used && listener->tcp == tcp)
			addresses[count++] = session_addr_of(
			        &(struct transport_addr){.ip = listener->told, .port = port});
	}
	return count;
}

bool session_addresses(const struct sessions *sessions, struct sluice_session_made *made)
{
	made->n_addresses = addresses_tell(sessions, false, made->addresses);
	made->n_tcp = addresses_tell(sessions, true, made->addresses + made->n_addresses);
	return made->n_addresses != 0 || made->n_tcp != 0;
}

uint32_t webrtc_listen_show(const struct sessions *sessions, uint32_t *cursor,
                            struct sluice_webrtc_listen_row *rows, uint32_t room)
{
	uint32_t count = 0;

	for (; *cursor < SESSION_LISTENERS_MAX && count < room; ++*cursor) {
		const struct session_listener *listener = &sessions->listeners[*cursor];
		uint16_t service = session_service((uint16_t)*cursor + 1);

		if (listener->used)
			rows[count++] = (struct sluice_webrtc_listen_row){
			        .transport = listener->config.transport,
			        .connections = listener->tcp
			                               ? stream_connections(sessions->dp, service)
			                               : 0,
			        .local = session_addr_of(&listener->addr),
			        .announce = listener->config.announce,
			        .state = listener->absent ? SLUICE_TURN_ADDRESS_ABSENT
			                                  : SLUICE_TURN_ADDRESS_PRESENT,
			};
	}
	return count;
}
