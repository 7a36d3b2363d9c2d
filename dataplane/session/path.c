/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The paths of a session, by its owner. A valid check makes a path; USE-CANDIDATE, or libwebrtc's
 * number, selects one, and media and DTLS go there: a plain check moves nothing.
 */
#include "session/state.h"

#include "media/media.h"
#include "worker.h"

#include <string.h>

#define TELL_AGAIN_MS 100 /* where the control thread has not bound the flow yet */
/* New paths and moves of one session: each costs the control thread something. */
#define CHANGE_RATE  20 /* a second */
#define CHANGE_BURST 20

static bool transport_equal(const struct transport_addr *a, const struct transport_addr *b)
{
	return a->port == b->port && ip_addr_equal(&a->ip, &b->ip);
}

static bool change_allowed(struct worker *worker, struct session *session)
{
	uint64_t step = worker->tsc_hz / CHANGE_RATE;

	if (session->changes > worker->tsc + step * CHANGE_BURST) {
		worker->sessions->counters[ICE_RATE]++;
		return false;
	}
	session->changes = RTE_MAX(session->changes, worker->tsc) + step;
	return true;
}

/* The path of these addresses, made in place of the one that was checked the longest ago; NULL: it
 * would be one too many. */
static struct session_path *path_find(struct worker *worker, struct session *session,
                                      const struct packet *packet)
{
	const struct session_path fresh = {
	        .remote = {.ip = packet->flow.src, .port = packet->flow.src_port},
	        .local = {.ip = packet->dst, .port = packet->dst_port},
	        .service = session_service(packet->session),
	        .connection = packet->flow.connection,
	};
	struct session_path *oldest = NULL;

	for (uint32_t i = 0; i < SESSION_PATHS_MAX; i++) {
		struct session_path *path = &session->paths[i];

		if (path->checked != 0 && transport_equal(&path->remote, &fresh.remote) &&
		    transport_equal(&path->local, &fresh.local) &&
		    path->connection == fresh.connection)
			return path;
		if (i + 1 != session->selected_path &&
		    (oldest == NULL || path->checked < oldest->checked))
			oldest = path;
	}
	if (!change_allowed(worker, session))
		return NULL;
	*oldest = fresh;
	return oldest;
}

static struct five_tuple flow_of(const struct session_path *path)
{
	return (struct five_tuple){
	        .src = path->remote.ip,
	        .src_port = path->remote.port,
	        .service = path->service,
	        .connection = path->connection,
	};
}

static bool note_of(struct sessions *sessions, const struct session *session,
                    const struct session_path *path, enum session_note_kind kind)
{
	struct session_note note = session_note_of(sessions, session, kind);

	note.flow = flow_of(path);
	note.local = path->local;
	return session_note_send(sessions, &note);
}

/* A flow belongs to the session whose check it passed last: the control thread binds it. */
static void path_tell(const struct worker *worker, const struct session *session,
                      struct session_path *path)
{
	struct sessions *sessions = worker->dp->sessions;
	const struct five_tuple flow = flow_of(path);
	void *data;

	if (rte_hash_lookup_data(sessions->paths, &flow, &data) >= 0 &&
	    (uint32_t)(uintptr_t)data == (uint32_t)(session - sessions->list))
		return;
	if (path->told != 0 && worker->tsc - path->told < worker->tsc_hz / 1000 * TELL_AGAIN_MS)
		return;
	path->told = note_of(sessions, session, path, NOTE_PATH) ? worker->tsc : 0;
}

/* -- the selected one -- */

static void selected_write(struct session *session, const struct session_path *path)
{
	struct session_selected *selected = &session->selected;

	__atomic_store_n(&selected->sequence, selected->sequence + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	selected->way = (struct session_way){path->remote, path->local, path->connection};
	__atomic_store_n(&selected->sequence, selected->sequence + 1, __ATOMIC_RELEASE);
}

bool session_selected_read(const struct session *session, struct session_way *way)
{
	const struct session_selected *selected = &session->selected;
	uint32_t before, after;

	do {
		before = __atomic_load_n(&selected->sequence, __ATOMIC_ACQUIRE);
		*way = selected->way;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		after = __atomic_load_n(&selected->sequence, __ATOMIC_RELAXED);
	} while (before != after || (before & 1));
	return way->remote.port != 0;
}

void session_endpoint_point(struct worker *worker, struct session *session)
{
	uint32_t endpoint = __atomic_load_n(&session->endpoint, __ATOMIC_ACQUIRE);
	const struct session_path *path;

	if (endpoint == 0 || session->selected_path == 0)
		return;
	path = &session->paths[session->selected_path - 1];
	media_endpoint_move(worker->dp->media, endpoint, &path->local, &path->remote,
	                    path->connection);
}

static bool selects(const struct session *session, const struct session_check *check)
{
	if (check->nominated)
		return !session->nominated || check->nomination > session->nomination;
	return check->use_candidate;
}

static void path_select(struct worker *worker, struct session *session,
                        const struct session_path *path, const struct session_check *check)
{
	uint64_t *counters = worker->sessions->counters;
	uint8_t place = (uint8_t)(path - session->paths) + 1;

	if (session->selected_path != place && !change_allowed(worker, session))
		return;
	if (check->nominated) {
		session->nominated = true;
		session->nomination = check->nomination;
	}
	if (session->selected_path == place)
		return;
	counters[session->selected_path == 0 ? ICE_NOMINATED : ICE_MOVED]++;
	session->moved += session->selected_path != 0;
	session->selected_path = place;
	selected_write(session, path);
	session_endpoint_point(worker, session);
	session->selected_told = false;
}

void session_path_seen(struct worker *worker, struct session *session, const struct packet *packet,
                       const struct session_check *check)
{
	struct session_path *path = path_find(worker, session, packet);

	if (path == NULL)
		return;
	path->checked = worker->tsc;
	__atomic_store_n(&session->checked, worker->tsc, __ATOMIC_RELAXED);
	session->checks++;
	path_tell(worker, session, path);
	if (selects(session, check))
		path_select(worker, session, path, check);
	if (path != &session->paths[session->selected_path - (session->selected_path != 0)] ||
	    session->selected_path == 0)
		return;
	__atomic_store_n(&session->selected_checked, worker->tsc, __ATOMIC_RELAXED);
	if (!session->selected_told)
		session->selected_told =
		        note_of(worker->dp->sessions, session, path, NOTE_SELECTED);
}
