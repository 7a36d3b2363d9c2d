/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/state.h"

#include "dtls/dtls.h"
#include "media/transport_feedback.h"
#include "media/viewer.h"
#include "worker.h"

#include <string.h>

#include <sluice/turn.h>

static uint64_t ms_since(const struct worker *worker, uint64_t tsc)
{
	return worker->tsc > tsc ? (worker->tsc - tsc) / (worker->tsc_hz / 1000) : 0;
}

static uint8_t paths_count(const struct session *session)
{
	uint8_t count = 0;

	for (uint32_t i = 0; i < SESSION_PATHS_MAX; i++)
		count += session->paths[i].checked != 0;
	return count;
}

static void media_fill(const struct sessions *sessions, const struct session *session,
                       struct sluice_session_row *row)
{
	const struct endpoint *endpoint = &sessions->dp->media->endpoints[session->endpoint];

	if (session->endpoint == 0)
		return;
	row->rx_packets = endpoint->rx_packets;
	row->rx_bytes = endpoint->rx_bytes;
	row->tx_packets = endpoint->tx_packets;
	row->tx_bytes = endpoint->tx_bytes;
	if (sessions->control[session - sessions->list].config.role == SLUICE_SESSION_PUBLISH) {
		transport_estimate_show(endpoint->transport, row);
		return;
	}
	viewer_show(sessions->dp->media, session->endpoint, row);
}

static void row_fill(const struct sessions *sessions, uint32_t index,
                     struct sluice_session_row *row)
{
	const struct worker *worker = sessions->dp->workers[0];
	const struct session_control *control = &sessions->control[index];
	const struct session *session = &sessions->list[index];
	uint64_t checked = __atomic_load_n(&session->checked, __ATOMIC_RELAXED);

	*row = (struct sluice_session_row){
	        .role = control->config.role,
	        .state = control->state,
	        .profile =
	                control->state == SLUICE_SESSION_CONNECTED ? control->profile : UINT8_MAX,
	        .remote = session_addr_of(&control->way.remote),
	        .local = session_addr_of(&control->way.local),
	        .transport = control->way.connection != 0 ? SLUICE_TURN_TCP : SLUICE_TURN_UDP,
	        .worker = session->owner != 0 ? session->owner - 1 : 0,
	        .tracks = control->config.n_tracks,
	        .paths = paths_count(session),
	        .age_s = worker->now - control->made_s,
	        .last_check_ms = checked != 0 ? (uint32_t)ms_since(worker, checked) : UINT32_MAX,
	        .handshake_ms = control->handshake_ms,
	        .checks = session->checks,
	        .moved = session->moved,
	};
	memcpy(row->id, control->config.id, sizeof(row->id));
	memcpy(row->stream, control->config.stream, sizeof(row->stream));
	media_fill(sessions, session, row);
}

void session_count(const struct sessions *sessions, uint32_t *count, uint32_t *max)
{
	*count = sessions->count;
	*max = sessions->max;
}

uint32_t session_show(struct sessions *sessions, uint32_t *cursor, struct sluice_session_row *rows,
                      uint32_t room)
{
	uint32_t count = 0;

	for (; *cursor < sessions->highest && count < room; ++*cursor)
		if (sessions->list[*cursor + 1].live)
			row_fill(sessions, *cursor + 1, &rows[count++]);
	return count;
}

uint32_t session_take(struct sessions *sessions, uint32_t *cursor,
                      struct sluice_session_whole *rows, uint32_t room)
{
	uint32_t count = 0;

	for (; *cursor < sessions->highest && count < room; ++*cursor) {
		const struct session_control *control = &sessions->control[*cursor + 1];

		if (!sessions->list[*cursor + 1].live)
			continue;
		rows[count].session = control->config;
		rows[count].made = control->made;
		session_addresses(sessions, &rows[count].made);
		if (sessions->dtls != NULL)
			rows[count].made.fingerprint = *dtls_fingerprint(sessions->dtls);
		rows[count++].state = control->state;
	}
	return count;
}

uint64_t dtls_counter_sum(const struct dataplane *dp, uint32_t index)
{
	return dp->sessions->dtls != NULL ? dtls_counter_read(dp->sessions->dtls, index) : 0;
}
