/* SPDX-License-Identifier: BSD-3-Clause */
/* Our transport addresses that endpoints use: services, that classify knows. */
#include "media/config.h"

#include "common/claim.h"
#include "common/refuse.h"
#include "dataplane.h"
#include "net/service.h"
#include "turn/turn.h"

#include <errno.h>
#include <string.h>

static int locals_publish(struct media *media)
{
	struct service list[MEDIA_LOCALS_MAX];
	uint32_t count = 0;

	for (uint32_t i = 0; i < MEDIA_LOCALS_MAX; i++) {
		const struct media_local *local = &media->config->locals[i];
		uint16_t port = rte_be_to_cpu_16(local->addr.port);

		if (local->endpoints != 0)
			list[count++] =
			        (struct service){local->addr.ip, port, port, SERVICE_MEDIA, i};
	}
	return services_set_media(media->dp, list, count);
}

static int local_find(const struct media *media, const struct transport_addr *addr)
{
	int vacant = -1;

	for (int i = 0; i < MEDIA_LOCALS_MAX; i++) {
		const struct media_local *local = &media->config->locals[i];

		if (local->endpoints == 0) {
			vacant = vacant < 0 ? i : vacant;
			continue;
		}
		if (local->addr.port == addr->port && ip_addr_equal(&local->addr.ip, &addr->ip))
			return i;
	}
	return vacant;
}

static int claim_refuse(const struct service *service, const struct transport_addr *addr, char *why)
{
	uint16_t port = rte_be_to_cpu_16(addr->port);
	struct claim fresh = {.first_port = port, .last_port = port, .kind = CLAIM_ENDPOINT};
	struct claim held = {
	        .first_port = service->first_port,
	        .last_port = service->last_port,
	        .kind = service->kind == SERVICE_TURN      ? CLAIM_LISTENER
	                : service->kind == SERVICE_SESSION ? CLAIM_SESSIONS
	                                                   : CLAIM_RELAY,
	};

	memcpy(fresh.ip, addr->ip.bytes, sizeof(fresh.ip));
	memcpy(held.ip, addr->ip.bytes, sizeof(held.ip));
	claim_conflict(&fresh, &held, why, SLUICE_API_ERROR_MAX);
	return -EADDRINUSE;
}

int media_local_take(struct media *media, const struct transport_addr *addr, char *why)
{
	const struct service *service = service_find(media->dp->services, &addr->ip, addr->port);
	struct media_local *local;
	int index, error;

	if (service != NULL && service->kind != SERVICE_MEDIA)
		return claim_refuse(service, addr, why);
	if (turn_has_dtls_at(media->dp->turn, addr, why))
		return -EADDRINUSE;
	index = local_find(media, addr);
	if (index < 0)
		return refuse(why, -ENOSPC, "there are %u local addresses, and room for no more",
		              MEDIA_LOCALS_MAX);
	local = &media->config->locals[index];
	local->addr = *addr;
	if (local->endpoints++ != 0)
		return index;
	error = locals_publish(media);
	if (error < 0) {
		local->endpoints = 0;
		return refuse(why, error, "no room for another local address");
	}
	return index;
}

void media_local_give(struct media *media, uint32_t index)
{
	if (--media->config->locals[index].endpoints == 0)
		locals_publish(media);
}
