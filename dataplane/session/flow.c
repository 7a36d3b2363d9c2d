/* SPDX-License-Identifier: BSD-3-Clause */
/* Flows, by the control thread: a five-tuple belongs to the session whose check it passed last. */
#include "session/state.h"

#include "media/media.h"

#include <string.h>

#define HOLDS_S 6 /* browsers check their path each 2.5 s */

bool session_has_flow(const struct dataplane *dp, const struct five_tuple *flow)
{
	return dp->sessions != NULL && rte_hash_lookup(dp->sessions->paths, flow) >= 0;
}

static void flow_forget(struct sessions *sessions, uint32_t index, uint32_t place)
{
	struct session_control *control = &sessions->control[index];
	const struct five_tuple flow = control->flows[place].flow;

	if (__atomic_load_n(&sessions->list[index].endpoint, __ATOMIC_RELAXED) != 0)
		media_flow_remove(sessions->dp->media, &flow);
	rte_hash_del_key(sessions->paths, &flow);
	memmove(&control->flows[place], &control->flows[place + 1],
	        (--control->n_flows - place) * sizeof(control->flows[0]));
}

static void flow_take_away(struct sessions *sessions, uint32_t index, const struct five_tuple *flow)
{
	const struct session_control *control = &sessions->control[index];

	for (uint32_t i = 0; i < control->n_flows; i++)
		if (memcmp(&control->flows[i].flow, flow, sizeof(*flow)) == 0) {
			flow_forget(sessions, index, i);
			return;
		}
}

/* A check proves a password, and not an address: it takes no flow away from a session that is
 * there. One client that uses a port again waits until its other session has gone. */
static bool flow_is_held(const struct sessions *sessions, uint32_t index)
{
	const struct session *session = &sessions->list[index];

	return sessions->control[index].state == SLUICE_SESSION_CONNECTED &&
	       !session_is_over(sessions, __atomic_load_n(&session->checked, __ATOMIC_RELAXED),
	                        HOLDS_S);
}

static bool flow_is_selected(const struct session_control *control, const struct session_flow *flow)
{
	const struct session_way *way = &control->way;

	return flow->flow.src_port == way->remote.port && flow->local.port == way->local.port &&
	       flow->flow.connection == way->connection &&
	       ip_addr_equal(&flow->flow.src, &way->remote.ip) &&
	       ip_addr_equal(&flow->local.ip, &way->local.ip);
}

void session_flow_bind(struct sessions *sessions, uint32_t index, const struct five_tuple *flow,
                       const struct transport_addr *local)
{
	struct session_control *control = &sessions->control[index];
	uint32_t endpoint = sessions->list[index].endpoint;
	void *data;

	if (rte_hash_lookup_data(sessions->paths, flow, &data) >= 0) {
		if ((uint32_t)(uintptr_t)data == index ||
		    flow_is_held(sessions, (uint32_t)(uintptr_t)data))
			return;
		flow_take_away(sessions, (uint32_t)(uintptr_t)data, flow);
	}
	if (control->n_flows == SESSION_PATHS_MAX)
		flow_forget(sessions, index, flow_is_selected(control, &control->flows[0]));
	if (rte_hash_add_key_data(sessions->paths, flow, (void *)(uintptr_t)index) != 0)
		return; /* the next check tells of it again */
	control->flows[control->n_flows++] = (struct session_flow){*flow, *local};
	if (endpoint != 0 && media_flow_add(sessions->dp->media, flow, endpoint) < 0)
		flow_forget(sessions, index, control->n_flows - 1); /* the next check tries again */
}

void session_flows_forget(struct sessions *sessions, uint32_t index)
{
	const struct session_control *control = &sessions->control[index];

	while (control->n_flows != 0)
		flow_forget(sessions, index, control->n_flows - 1);
}
