/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions as the control thread makes, moves and ends them. */
#include "session/state.h"

#include "common/log.h"
#include "common/refuse.h"
#include "dtls/dtls.h"
#include "media/media.h"
#include "random.h"
#include "session/record.h"
#include "worker.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

#define CHECK_S     30  /* until the first valid check */
#define HANDSHAKE_S 30  /* from there to the keys */
#define NOTES_BURST 256 /* before others have their turn */
#define HOLDS_S     6   /* browsers check their path each 2.5 s */

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

static struct sluice_addr addr_of(const struct transport_addr *transport)
{
	struct sluice_addr addr = {.port = transport->port};

	memcpy(addr.ip, transport->ip.bytes, sizeof(addr.ip));
	return addr;
}

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
	        .remote = addr_of(&control->remote),
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

/* Whether so much time has passed since. */
static bool is_over(const struct sessions *sessions, uint64_t since, uint64_t seconds)
{
	const struct worker *worker = sessions->dp->workers[0];

	return worker->tsc > since && worker->tsc - since > seconds * worker->tsc_hz;
}

/* -- flows: a five-tuple belongs to the session whose check it passed last -- */

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
	       !is_over(sessions, __atomic_load_n(&session->checked, __ATOMIC_RELAXED), HOLDS_S);
}

static bool flow_is_selected(const struct session_control *control, const struct session_flow *flow)
{
	return flow->flow.src_port == control->remote.port &&
	       flow->local.port == control->local.port &&
	       ip_addr_equal(&flow->flow.src, &control->remote.ip) &&
	       ip_addr_equal(&flow->local.ip, &control->local.ip);
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

/* -- the end -- */

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
	if (sessions->control[index].config.active && sessions->control[index].remote.port != 0)
		dtls_tell(sessions, index, DTLS_BEGIN);
}

void session_end(struct sessions *sessions, uint32_t index, enum sluice_session_reason reason)
{
	struct session_control *control = &sessions->control[index];
	struct session *session = &sessions->list[index];

	log_info(SLUICE_LOG_DATAPLANE, "session %s, %s %s: %s", control->config.id,
	         control->config.role == SLUICE_SESSION_PUBLISH ? "publishes" : "watches",
	         control->config.stream, reason_text(reason));
	dtls_tell(sessions, index, DTLS_CLOSE);
	while (control->n_flows != 0)
		flow_forget(sessions, index, control->n_flows - 1);
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
		if (control->remote.port == 0 && control->config.active)
			dtls_tell(sessions, note->session, DTLS_BEGIN);
		control->remote = (struct transport_addr){
		        .ip = note->flow.src,
		        .port = note->flow.src_port,
		};
		control->local = note->local;
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

static enum sluice_session_reason over_reason(const struct sessions *sessions, uint32_t index)
{
	const struct session_control *control = &sessions->control[index];
	const struct session *session = &sessions->list[index];
	uint64_t checked = __atomic_load_n(&session->checked, __ATOMIC_RELAXED);
	uint64_t selected = __atomic_load_n(&session->selected_checked, __ATOMIC_RELAXED);
	uint32_t consent_s = sessions->dp->options.session_consent_s;

	if (checked == 0)
		return is_over(sessions, control->made_tsc, CHECK_S) ? SLUICE_SESSION_TIMEOUT
		                                                     : SLUICE_SESSION_LIVES;
	/* consent is a path's: where media go */
	if (is_over(sessions, selected != 0 ? selected : checked, consent_s))
		return SLUICE_SESSION_CONSENT;
	if (control->state < SLUICE_SESSION_CONNECTED && control->checked_tsc != 0 &&
	    is_over(sessions, control->checked_tsc, HANDSHAKE_S))
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
		reason = over_reason(sessions, i);
		if (reason != SLUICE_SESSION_LIVES)
			session_end(sessions, i, reason);
	}
}

/* -- a new one -- */

static int add_check(const struct sessions *sessions, const struct sluice_session *add, char *why)
{
	uint32_t publisher;

	if (add->id[0] == '\0' || add->stream[0] == '\0')
		return refuse(why, -EINVAL, "a session has an id and a stream");
	for (const char *at = add->id; *at != '\0'; at++)
		if (*at <= ' ' || *at == 0x7f)
			return refuse(why, -EINVAL, "an id has printable bytes without spaces");
	if (strlen(add->stream) > SESSION_NAME_SHOWN_MAX &&
	    strlen(add->id) > SESSION_NAME_SHOWN_MAX)
		return refuse(why, -EINVAL,
		              "a stream's name or its session's id has %u bytes at most",
		              SESSION_NAME_SHOWN_MAX);
	if (add->role > SLUICE_SESSION_WATCH || add->n_tracks == 0 ||
	    add->n_tracks > SLUICE_SESSION_TRACKS_MAX || add->n_fingerprints == 0 ||
	    add->n_fingerprints > SLUICE_SESSION_FINGERPRINTS_MAX ||
	    add->blob_length > sizeof(add->blob))
		return refuse(why, -EINVAL, "role, tracks, fingerprints or blob out of range");
	for (uint8_t i = 0; i < add->n_tracks; i++) {
		const struct sluice_track *track = &add->tracks[i];

		if (track->n_payloads > SLUICE_TRACK_PAYLOADS_MAX ||
		    track->n_rids > SLUICE_TRACK_LAYERS_MAX ||
		    track->n_ssrcs > SLUICE_TRACK_LAYERS_MAX || track->kind > SLUICE_TRACK_VIDEO ||
		    memchr(track->mid, '\0', sizeof(track->mid)) == NULL)
			return refuse(why, -EINVAL, "track %u: a count or a text out of range", i);
		for (uint8_t j = 0; j < track->n_rids; j++)
			if (memchr(track->rids[j], '\0', sizeof(track->rids[j])) == NULL)
				return refuse(why, -EINVAL, "track %u: a rid without end", i);
	}
	if (session_named(sessions, add->id) != 0)
		return refuse(why, -EEXIST, "session %s is there already", add->id);
	publisher = session_publisher(sessions, add->stream);
	if (add->role == SLUICE_SESSION_WATCH && publisher == 0)
		return refuse(why, -ENOENT, "nobody publishes %s", add->stream);
	if (add->role == SLUICE_SESSION_PUBLISH && publisher != 0 && !add->takeover)
		return refuse(why, -EBUSY, "session %s publishes %s",
		              sessions->control[publisher].config.id, add->stream);
	return 0;
}

static uint32_t ssrc_draw(struct sessions *sessions)
{
	uint32_t ssrc = 0;

	while (ssrc == 0)
		random_bytes(sessions->random, &ssrc, sizeof(ssrc));
	return ssrc;
}

static bool track_has_rtx(const struct sluice_track *track)
{
	for (uint8_t i = 0; i < track->n_payloads; i++)
		if (track->payloads[i].rtx_pt != 0)
			return true;
	return false;
}

/* A password of 192 random bits, and the next ufrag of this place. */
static void credentials_draw(struct sessions *sessions, uint32_t index)
{
	struct session *session = &sessions->list[index];
	struct sluice_session_made *made = &sessions->control[index].made;
	uint8_t generation = session->generation + 1;
	uint64_t bits;

	for (int i = 0; i < 32; i += 8) {
		random_bytes(sessions->random, &bits, sizeof(bits));
		ufrag_part_write(made->pwd + i, bits, 8);
	}
	made->pwd[32] = '\0';
	ufrag_write(made->ufrag, &sessions->ufrags.key, index << 8 | generation);
	made->ufrag[UFRAG_SIZE] = '\0';
	stun_key_raw(&session->keys[generation & 1], made->pwd, 32);
	memcpy(sessions->control[index].pwd[generation & 1], made->pwd, sizeof(made->pwd));
	__atomic_store_n(&session->generation, generation, __ATOMIC_RELEASE);
}

static void made_fill(struct sessions *sessions, uint32_t index)
{
	const struct session_control *control = &sessions->control[index];
	struct sluice_session_made *made = &sessions->control[index].made;

	made->n_addresses = session_addresses(sessions, made->addresses);
	if (sessions->dtls != NULL)
		made->fingerprint = *dtls_fingerprint(sessions->dtls);
	for (uint8_t i = 0;
	     control->config.role == SLUICE_SESSION_WATCH && i < control->config.n_tracks; i++) {
		made->ssrcs[i] = ssrc_draw(sessions);
		if (track_has_rtx(&control->config.tracks[i]))
			made->rtx_ssrcs[i] = ssrc_draw(sessions);
	}
	random_bytes(sessions->random, made->cname, 16);
	for (int i = 0; i < 16; i++)
		made->cname[i] = "abcdefghijklmnop"[made->cname[i] & 15];
}

int session_add(struct sessions *sessions, const struct sluice_session *add,
                struct sluice_session_made *made, char *why)
{
	struct session_control *control;
	struct session *session;
	uint32_t index;
	int error;

	session_places_collect(sessions);
	error = add_check(sessions, add, why);
	if (error < 0)
		return error;
	if (session_addresses(sessions, made->addresses) == 0)
		return refuse(why, -EADDRNOTAVAIL,
		              "no address to serve browsers at: webrtc listen");
	index = session_place_take(sessions);
	if (index == 0)
		return refuse(why, -ENOSPC, "there are %u sessions, and room for no more",
		              sessions->max);
	control = &sessions->control[index];
	session = &sessions->list[index];
	control->config = *add;
	control->used = true;
	control->made_tsc = sessions->dp->workers[0]->tsc;
	control->made_s = sessions->dp->workers[0]->now;
	session->life = ++sessions->lives;
	session->endpoint = 0;
	credentials_draw(sessions, index);
	session->previous = session->generation;
	made_fill(sessions, index);
	session_names_add(sessions, index);
	sessions->count++;
	session_record(sessions, index);
	dtls_tell(sessions, index, DTLS_OPEN);
	__atomic_store_n(&session->live, true, __ATOMIC_RELEASE);
	*made = control->made;
	log_info(SLUICE_LOG_DATAPLANE, "session %s %s %s", add->id,
	         add->role == SLUICE_SESSION_PUBLISH ? "publishes" : "watches", add->stream);
	return 0;
}

/* The old credentials hold until a check has the new ones. */
int session_restart(struct sessions *sessions, const struct sluice_session_restart *restart,
                    struct sluice_session_made *made, char *why)
{
	uint32_t index = session_named(sessions, restart->id);
	struct session_control *control = &sessions->control[index];
	struct session *session = &sessions->list[index];

	if (index == 0)
		return refuse(why, -ENOENT, "no session %s", restart->id);
	if (restart->blob_length > sizeof(restart->blob))
		return refuse(why, -EINVAL, "a blob has at most %zu bytes", sizeof(restart->blob));
	__atomic_store_n(&session->previous, session->generation, __ATOMIC_RELEASE);
	credentials_draw(sessions, index);
	memcpy(control->config.remote_ufrag, restart->remote_ufrag,
	       sizeof(control->config.remote_ufrag));
	if (restart->blob_length != 0) {
		control->config.blob_length = restart->blob_length;
		memcpy(control->config.blob, restart->blob, restart->blob_length);
	}
	control->made.n_addresses = session_addresses(sessions, control->made.addresses);
	*made = control->made;
	session_record(sessions, index);
	return 0;
}
