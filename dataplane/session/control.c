/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions as the control thread follows and ends them. */
#include "session/state.h"

#include "common/log.h"
#include "common/refuse.h"
#include "dtls/dtls.h"
#include "media/state.h"
#include "session/record.h"
#include "worker.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

#define CHECK_S     30  /* until the first valid check */
#define HANDSHAKE_S 30  /* from there to the keys */
#define NOTES_BURST 256 /* before others have their turn */

static const char *reason_text(uint8_t reason)
{
	static const char *const texts[SLUICE_SESSION_REASONS] = {
	        [SLUICE_SESSION_DELETED] = "deleted",
	        [SLUICE_SESSION_TAKEN_OVER] = "another session publishes its stream",
	        [SLUICE_SESSION_CONSENT] = "its client has gone",
	        [SLUICE_SESSION_CLOSED] = "closed by its client",
	        [SLUICE_SESSION_TIMEOUT] = "ICE or DTLS did not come about",
	        [SLUICE_SESSION_FINGERPRINT] = "another certificate than its offer's",
	        [SLUICE_SESSION_HANDSHAKE] = "DTLS failed",
	        [SLUICE_SESSION_LIMIT] = "no room for its media",
	};

	return texts[reason] != NULL ? texts[reason] : "?";
}

/* -- events -- */

/* Of too many the oldest go: SLUICE_SESSION_TAKE tells all of how it is. */
void session_event(struct sessions *sessions, uint32_t index, enum sluice_session_reason reason)
{
	const struct session_control *control = &sessions->control[index];
	struct sluice_session_event *event;

	if (sessions->events_count == SESSION_EVENTS_MAX) {
		sessions->events_head = (sessions->events_head + 1) % SESSION_EVENTS_MAX;
		sessions->events_count--;
	}
	event = &sessions->events[(sessions->events_head + sessions->events_count++) %
	                          SESSION_EVENTS_MAX];
	*event = (struct sluice_session_event){
	        .sequence = ++sessions->events_sequence,
	        .state = control->state,
	        .reason = (uint8_t)reason,
	        .role = control->config.role,
	        .remote = session_addr_of(&control->way.remote),
	};
	memcpy(event->id, control->config.id, sizeof(event->id));
	memcpy(event->stream, control->config.stream, sizeof(event->stream));
}

uint32_t session_events(struct sessions *sessions, struct sluice_session_event *rows, uint32_t room)
{
	uint32_t count = 0;

	for (; count < room && sessions->events_count != 0; count++) {
		rows[count] = sessions->events[sessions->events_head];
		sessions->events_head = (sessions->events_head + 1) % SESSION_EVENTS_MAX;
		sessions->events_count--;
	}
	return count;
}

void session_state_set(struct sessions *sessions, uint32_t index, uint8_t state)
{
	struct session_control *control = &sessions->control[index];
	uint64_t now = sessions->dp->workers[0]->tsc;

	if (control->state >= state)
		return;
	control->state = state;
	if (state == SLUICE_SESSION_CHECKED)
		control->checked_tsc = now;
	session_event(sessions, index, SLUICE_SESSION_LIVES);
	session_record(sessions, index);
}

/* -- its handshake -- */

static void dtls_tell(struct sessions *sessions, uint32_t index, enum dtls_order_kind kind)
{
	const struct session_control *control = &sessions->control[index];
	struct dtls_order order = {
	        .kind = (uint8_t)kind,
	        .session = index,
	        .life = sessions->list[index].life,
	};

	if (sessions->dtls == NULL)
		return;
	if (kind == DTLS_OPEN) {
		order.active = control->config.active != 0;
		order.n_fingerprints = control->config.n_fingerprints;
		memcpy(order.fingerprints, control->config.fingerprints,
		       sizeof(order.fingerprints));
	}
	if (dtls_order(sessions->dtls, &order) < 0)
		log_error(SLUICE_LOG_DATAPLANE,
		          "session %s: no memory for an order to its handshake",
		          control->config.id);
}

/* One that was taken over has its path already, which no note tells again. */
void session_dtls_open(struct sessions *sessions, uint32_t index)
{
	dtls_tell(sessions, index, DTLS_OPEN);
	if (sessions->control[index].config.active && sessions->control[index].way.remote.port != 0)
		dtls_tell(sessions, index, DTLS_BEGIN);
}

/* -- the end -- */

void session_end(struct sessions *sessions, uint32_t index, enum sluice_session_reason reason)
{
	struct session_control *control = &sessions->control[index];
	struct session *session = &sessions->list[index];

	log_info(SLUICE_LOG_DATAPLANE, "session %s, %s %s: %s", control->config.id,
	         control->config.role == SLUICE_SESSION_PUBLISH ? "publishes" : "watches",
	         control->config.stream, reason_text(reason));
	dtls_tell(sessions, index, DTLS_CLOSE);
	session_flows_forget(sessions, index);
	session_disconnect(sessions, index);
	__atomic_store_n(&session->live, false, __ATOMIC_RELEASE);
	session_record_end(sessions, index);
	session_names_remove(sessions, index);
	control->state = SLUICE_SESSION_ENDED;
	session_event(sessions, index, reason);
	control->token = rte_rcu_qsbr_start(sessions->dp->qsbr);
	control->closed = sessions->dtls != NULL ? dtls_order_last(sessions->dtls) : 0;
	sessions->ending++;
	sessions->count--;
}

void sessions_end_all(struct sessions *sessions)
{
	for (uint32_t i = 1; i <= sessions->highest; i++)
		if (sessions->list[i].live)
			session_end(sessions, i, SLUICE_SESSION_DELETED);
}

int session_delete(struct sessions *sessions, const char *id, char *why)
{
	uint32_t index = session_named(sessions, id);

	if (index == 0)
		return refuse(why, -ENOENT, "no session %s", id);
	session_end(sessions, index, SLUICE_SESSION_DELETED);
	return 0;
}

/* -- what is told -- */

static void note_take(struct sessions *sessions, const struct session_note *note)
{
	struct session_control *control = &sessions->control[note->session];
	const struct session *session = &sessions->list[note->session];

	if (!session->live || session->life != note->life)
		return;
	switch (note->kind) {
	case NOTE_PATH:
		session_flow_bind(sessions, note->session, &note->flow, &note->local);
		session_state_set(sessions, note->session, SLUICE_SESSION_CHECKED);
		break;
	case NOTE_SELECTED:
		if (control->way.remote.port == 0 && control->config.active)
			dtls_tell(sessions, note->session, DTLS_BEGIN);
		control->way = (struct session_way){
		        .remote = {.ip = note->flow.src, .port = note->flow.src_port},
		        .local = note->local,
		        .connection = note->flow.connection,
		};
		session_record(sessions, note->session);
		if (control->state == SLUICE_SESSION_CONNECTED)
			session_event(sessions, note->session, SLUICE_SESSION_LIVES);
		break;
	case NOTE_HELLO:
		session_state_set(sessions, note->session, SLUICE_SESSION_SHAKING);
		break;
	case NOTE_KEYS:
		if (session_connect(sessions, note->session, note) < 0)
			session_end(sessions, note->session, SLUICE_SESSION_LIMIT);
		break;
	default:
		session_end(sessions, note->session, note->reason);
	}
}

unsigned int sessions_poll(struct dataplane *dp)
{
	struct sessions *sessions = dp->sessions;
	struct session_note note;
	unsigned int count = 0;

	while (count < NOTES_BURST &&
	       rte_ring_sc_dequeue_elem(sessions->notes, &note, sizeof(note)) == 0) {
		note_take(sessions, &note);
		if (note.keys != NULL)
			OPENSSL_clear_free(note.keys, sizeof(*note.keys));
		count++;
	}
	return count;
}

/* A path that is lost in a ring that is full the next check tells again; a handshake ends by its
 * time. */
bool session_note_send(struct sessions *sessions, const struct session_note *note)
{
	struct session_note copy = *note;
	bool sent = rte_ring_enqueue_elem(sessions->notes, &copy, sizeof(copy)) == 0;

	if (!sent && note->keys != NULL)
		OPENSSL_clear_free(note->keys, sizeof(*note->keys));
	if (!sent)
		__atomic_add_fetch(&sessions->notes_lost, 1, __ATOMIC_RELAXED);
	session_wake_send(&sessions->wake);
	return sent;
}

/* -- time -- */

bool session_is_over(const struct sessions *sessions, uint64_t since, uint64_t seconds)
{
	const struct worker *worker = sessions->dp->workers[0];

	return worker->tsc > since && worker->tsc - since > seconds * worker->tsc_hz;
}

/* Authentic packets of a publisher count as a check does: some libraries send no checks as long as
 * packets pass in both directions. A publisher is sent nothing but answers to its own packets. */
static void publisher_hear(struct sessions *sessions, uint32_t index)
{
	struct session_control *control = &sessions->control[index];
	uint32_t endpoint = sessions->list[index].endpoint;
	uint64_t packets;

	if (control->config.role != SLUICE_SESSION_PUBLISH || endpoint == 0)
		return;
	packets = sessions->dp->media->endpoints[endpoint].rx_packets;
	if (packets != control->heard)
		control->heard_tsc = sessions->dp->workers[0]->tsc;
	control->heard = packets;
}

static enum sluice_session_reason over_reason(const struct sessions *sessions, uint32_t index)
{
	const struct session_control *control = &sessions->control[index];
	const struct session *session = &sessions->list[index];
	uint64_t checked = __atomic_load_n(&session->checked, __ATOMIC_RELAXED);
	uint64_t selected = __atomic_load_n(&session->selected_checked, __ATOMIC_RELAXED);
	uint32_t consent_s = sessions->dp->options.session_consent_s;

	if (checked == 0)
		return session_is_over(sessions, control->made_tsc, CHECK_S)
		               ? SLUICE_SESSION_TIMEOUT
		               : SLUICE_SESSION_LIVES;
	/* consent is a path's: where media go */
	if (session_is_over(sessions,
	                    RTE_MAX(selected != 0 ? selected : checked, control->heard_tsc),
	                    consent_s))
		return SLUICE_SESSION_CONSENT;
	if (control->state < SLUICE_SESSION_CONNECTED && control->checked_tsc != 0 &&
	    session_is_over(sessions, control->checked_tsc, HANDSHAKE_S))
		return SLUICE_SESSION_TIMEOUT;
	return SLUICE_SESSION_LIVES;
}

void sessions_tick(struct sessions *sessions)
{
	session_places_collect(sessions);
	webrtc_listen_tick(sessions);
	for (uint32_t i = 1; sessions->count != 0 && i <= sessions->highest; i++) {
		enum sluice_session_reason reason;

		if (!sessions->list[i].live)
			continue;
		publisher_hear(sessions, i);
		reason = over_reason(sessions, i);
		if (reason != SLUICE_SESSION_LIVES)
			session_end(sessions, i, reason);
	}
}
