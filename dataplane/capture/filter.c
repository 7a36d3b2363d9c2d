/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/filter.h"

#include "dataplane.h"
#include "media/state.h"
#include "net/port.h"
#include "net/service.h"
#include "turn/config.h"
#include "turn/state.h"
#include "turn/users.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 3, 4))) static int refuse(char *why, int error, const char *format,
                                                        ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, SLUICE_API_ERROR_MAX, format, arguments);
	va_end(arguments);
	return error;
}

static int ports_find(struct filter *filter, const struct dataplane *dp, const char *name,
                      char *why)
{
	filter->ports = UINT64_MAX;
	if (name[0] == '\0')
		return 0;
	for (uint16_t i = 0; i < dp->ports->count; i++) {
		if (!dp->ports->table[i].used || strcmp(dp->ports->table[i].name, name) != 0)
			continue;
		filter->ports = UINT64_C(1) << i;
		return 0;
	}
	return refuse(why, -ENOENT, "no port %s", name);
}

/* By its name, or by that of its counter. */
static int reason_find(struct filter *filter, const char *name, char *why)
{
	static const char prefix[] = "drop.";

	if (strncmp(name, prefix, strlen(prefix)) == 0)
		name += strlen(prefix);
	if (name[0] == '\0') {
		filter->reason = DROP_REASONS;
		return 0;
	}
	for (uint16_t i = 0; i < DROP_REASONS; i++) {
		if (strcmp(drop_reasons[i].name, name) != 0)
			continue;
		filter->reason = i;
		return 0;
	}
	return refuse(why, -EINVAL, "%s: no reason to drop; see `counter show`, drop.*", name);
}

static int endpoint_find_name(struct filter *filter, const struct media *media, const char *name,
                              char *why)
{
	snprintf(filter->endpoint, sizeof(filter->endpoint), "%s", name);
	for (uint32_t i = 1; name[0] != '\0' && media != NULL && i <= media->max_endpoints; i++) {
		if (!media->endpoints[i].live || strcmp(media->endpoints[i].name, name) != 0)
			continue;
		filter->endpoint_index = i;
		return 0;
	}
	return name[0] == '\0' ? 0 : refuse(why, -ENOENT, "no endpoint %s", name);
}

static int stream_find_name(struct filter *filter, const struct media *media, const char *name,
                            char *why)
{
	snprintf(filter->stream, sizeof(filter->stream), "%s", name);
	for (uint32_t i = 1; name[0] != '\0' && media != NULL && i <= media->max_streams; i++) {
		if (!media->streams[i].live || strcmp(media->streams[i].name, name) != 0)
			continue;
		filter->stream_index = i;
		return 0;
	}
	return name[0] == '\0' ? 0 : refuse(why, -ENOENT, "no stream %s", name);
}

static void user_find(struct filter *filter, const struct dataplane *dp, const char *name)
{
	filter->user = name[0] != '\0';
	if (filter->user)
		filter->user_hash = user_identity(&dp->turn->config->name_key, name, strlen(name));
}

static int filter_check(const struct sluice_capture_filter *wanted, char *why)
{
	const uint32_t all = (1u << SLUICE_CAPTURE_POINTS) - 1;

	if (wanted->points == 0 || (wanted->points & ~all) != 0)
		return refuse(why, -EINVAL, "points 0x%x: expected some of 0x%x", wanted->points,
		              all);
	if (wanted->direction > SLUICE_CAPTURE_OUT)
		return refuse(why, -EINVAL, "unknown direction %u", wanted->direction);
	if (wanted->stream[0] != '\0' && wanted->points != 1u << SLUICE_CAPTURE_DECRYPTED)
		return refuse(
		        why, -EINVAL,
		        "a stream is told from others once it is decrypted: that point alone");
	if (wanted->reason[0] != '\0' && wanted->points != 1u << SLUICE_CAPTURE_DROPPED)
		return refuse(why, -EINVAL,
		              "a reason is what dropped packets have: that point "
		              "alone");
	return 0;
}

int filter_make(struct filter *filter, const struct dataplane *dp,
                const struct sluice_capture_filter *wanted, char *why)
{
	int error = filter_check(wanted, why);

	*filter = (struct filter){
	        .points = wanted->points,
	        .direction = wanted->direction,
	        .allocation = wanted->allocation,
	};
	if (error == 0)
		error = ports_find(filter, dp, wanted->port, why);
	if (error == 0)
		error = reason_find(filter, wanted->reason, why);
	if (error == 0)
		error = endpoint_find_name(filter, dp->media, wanted->endpoint, why);
	if (error == 0)
		error = stream_find_name(filter, dp->media, wanted->stream, why);
	user_find(filter, dp, wanted->user);
	filter->packet = filter->allocation != 0 || filter->user || filter->endpoint_index != 0 ||
	                 filter->stream_index != 0;
	return error;
}

static bool allocation_wanted(const struct filter *filter, struct turn *turn, uint32_t index)
{
	const struct allocation *allocation;

	if (index == 0)
		return false;
	allocation = turn_allocation(turn, index);
	if (filter->allocation != 0 &&
	    filter->allocation !=
	            ((uint64_t)__atomic_load_n(&allocation->generation, __ATOMIC_RELAXED) << 32 |
	             index))
		return false;
	return !filter->user || allocation->user_hash == filter->user_hash;
}

/* Is `ours` the server's end of an allocation that is wanted, and `theirs` the other? */
static bool side_wanted(const struct filter *filter, const struct dataplane *dp,
                        const struct ip_addr *ours, uint16_t our_port, const struct ip_addr *theirs,
                        uint16_t their_port)
{
	const struct services *services = __atomic_load_n(&dp->services, __ATOMIC_ACQUIRE);
	const struct service *service = service_find(services, ours, our_port);
	struct five_tuple client = {.client = *theirs, .client_port = their_port};

	if (service == NULL)
		return false;
	if (service->kind == SERVICE_RELAY)
		return allocation_wanted(filter, dp->turn,
		                         relay_port_owner(&dp->turn->relays[service->index],
		                                          rte_be_to_cpu_16(our_port)));
	if (service->kind != SERVICE_TURN)
		return false;
	client.service = service->index;
	for (uint16_t i = 0; i < dp->n_workers; i++) {
		uint32_t index = clients_find(&dp->workers[i]->turn->clients, dp->turn->allocations,
		                              &client);

		if (allocation_wanted(filter, dp->turn, index))
			return true;
	}
	return false;
}

static bool allocation_match(const struct filter *filter, const struct dataplane *dp,
                             const struct view *view)
{
	return view->udp &&
	       (side_wanted(filter, dp, &view->dst, view->dst_port, &view->src, view->src_port) ||
	        side_wanted(filter, dp, &view->src, view->src_port, &view->dst, view->dst_port));
}

static bool transport_is(const struct transport_addr *addr, const struct ip_addr *ip, uint16_t port)
{
	return addr->port == port && ip_addr_equal(&addr->ip, ip);
}

/* The slot may have been given to another one: the name decides. */
static bool endpoint_match(const struct filter *filter, const struct dataplane *dp,
                           const struct view *view)
{
	const struct endpoint *endpoint = &dp->media->endpoints[filter->endpoint_index];

	if (!__atomic_load_n(&endpoint->live, __ATOMIC_ACQUIRE) ||
	    strcmp(endpoint->name, filter->endpoint) != 0)
		return false;
	if (view->stream != 0)
		return dp->media->streams[view->stream].endpoint == filter->endpoint_index;
	return (transport_is(&endpoint->remote, &view->src, view->src_port) &&
	        transport_is(&endpoint->local, &view->dst, view->dst_port)) ||
	       (transport_is(&endpoint->remote, &view->dst, view->dst_port) &&
	        transport_is(&endpoint->local, &view->src, view->src_port));
}

static bool stream_match(const struct filter *filter, const struct dataplane *dp,
                         const struct view *view)
{
	const struct stream *stream = &dp->media->streams[filter->stream_index];

	return view->stream == filter->stream_index &&
	       __atomic_load_n(&stream->live, __ATOMIC_ACQUIRE) &&
	       strcmp(stream->name, filter->stream) == 0;
}

bool filter_view(const struct filter *filter, const struct dataplane *dp, const struct view *view)
{
	if ((filter->allocation != 0 || filter->user) && !allocation_match(filter, dp, view))
		return false;
	if (filter->endpoint_index != 0 && !endpoint_match(filter, dp, view))
		return false;
	return filter->stream_index == 0 || stream_match(filter, dp, view);
}
