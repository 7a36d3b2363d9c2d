/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A session that has keys is an endpoint, as static keys make one: a publisher's has a stream for
 * each track (and each layer), a viewer's has a subscription for each track that is published.
 */
#include "session/state.h"

#include "common/log.h"
#include "common/refuse.h"
#include "media/media.h"
#include "srtp/profile.h"
#include "worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

static const char *layer_rid(const struct sluice_track *track, uint8_t layer)
{
	return track->n_rids != 0 ? track->rids[layer] : "";
}

/* "STREAM/MID", "STREAM/MID/RID"; of a stream whose name is long the session's id stands for it. */
static void stream_name(char name[SLUICE_MEDIA_NAME_MAX], const struct sluice_session *session,
                        const struct sluice_track *track, uint8_t layer)
{
	char text[SLUICE_MEDIA_NAME_MAX + SLUICE_TRACK_MID_MAX + SLUICE_TRACK_RID_MAX];
	const char *rid = layer_rid(track, layer);
	bool fits = strlen(session->stream) <= SESSION_NAME_SHOWN_MAX;

	snprintf(text, sizeof(text), "%s/%s%s%s", fits ? session->stream : session->id, track->mid,
	         rid[0] != '\0' ? "/" : "", rid);
	memset(name, 0, SLUICE_MEDIA_NAME_MAX);
	memcpy(name, text, strnlen(text, SLUICE_MEDIA_NAME_MAX - 1));
}

/* -- the endpoint -- */

/* All m-lines are one transport: they agree in their ids (RFC 8843, 8.1), and what one may be sent
 * all may. */
static void agreed_fill(struct sluice_endpoint *add, const struct sluice_session *session)
{
	add->feedback_given = 1;
	for (uint8_t i = 0; i < session->n_tracks; i++) {
		add->feedback |= session->tracks[i].feedback;
		for (uint32_t j = 0; j < SLUICE_EXTENSIONS; j++)
			if (add->extensions[j] == 0)
				add->extensions[j] = session->tracks[i].extensions[j];
	}
}

static void paths_bind(struct sessions *sessions, uint32_t index, uint32_t endpoint)
{
	const struct session_control *control = &sessions->control[index];

	for (uint32_t i = 0; i < control->n_flows; i++)
		media_flow_add(sessions->dp->media, &control->flows[i].flow, endpoint);
}

static void point(struct worker *worker, void *session)
{
	session_endpoint_point(worker, session);
}

static int endpoint_make(struct sessions *sessions, uint32_t index, const struct session_note *note,
                         char *why)
{
	const struct session_control *control = &sessions->control[index];
	const struct srtp_profile_info *info = &srtp_profiles[note->profile];
	const struct session *session = &sessions->list[index];
	uint8_t length = info->key_length + info->salt_length;
	struct sluice_endpoint add = {
	        .profile = note->profile,
	        .rx_key_length = length,
	        .tx_key_length = length,
	        .outside = 1,
	        .estimate_off = control->estimate_off,
	};
	struct session_way way;
	int endpoint;

	if (!session_selected_read(session, &way)) {
		const struct session_flow *last;

		if (control->n_flows == 0)
			return -ENOENT;
		last = &control->flows[control->n_flows - 1];
		way.remote.ip = last->flow.src;
		way.remote.port = last->flow.src_port;
		way.local = last->local;
		way.connection = last->flow.connection;
	}
	if (way.connection != 0) /* by which it is reached once its owner has pointed it there */
		way.remote = (struct transport_addr){0};
	memcpy(add.name, control->config.id, sizeof(control->config.id));
	memcpy(add.rx_key, note->keys->rx, length);
	memcpy(add.tx_key, note->keys->tx, length);
	agreed_fill(&add, &control->config);
	add.remote = session_addr_of(&way.remote);
	add.local = session_addr_of(&way.local);
	endpoint = media_session_endpoint_add(sessions->dp->media, &add, session->owner - 1, why);
	OPENSSL_cleanse(&add, sizeof(add));
	return endpoint;
}

/* -- a publisher's streams -- */

static int layer_publish(struct sessions *sessions, const struct sluice_session *session,
                         const struct sluice_track *track, uint8_t layer, char *why)
{
	struct sluice_stream add = {
	        .clock_hz = track->payloads[0].clock_hz,
	        .kind = track->kind,
	        .n_payloads = track->n_payloads,
	};

	stream_name(add.name, session, track, layer);
	memcpy(add.endpoint, session->id, sizeof(session->id));
	memcpy(add.mid, track->mid, sizeof(add.mid));
	if (track->n_rids != 0)
		memcpy(add.rid, track->rids[layer], sizeof(add.rid));
	if (layer < track->n_ssrcs) {
		add.ssrc = track->ssrcs[layer];
		add.rtx_ssrc = track->rtx_ssrcs[layer];
	}
	for (uint8_t i = 0; i < track->n_payloads; i++)
		add.payloads[i] = (struct sluice_stream_payload){
		        .pt = track->payloads[i].pt,
		        .rtx_pt = track->payloads[i].rtx_pt,
		        .codec = track->payloads[i].codec,
		};
	return media_stream_add(sessions->dp->media, &add, 0, why);
}

void session_tracks_agree(struct sessions *sessions, const struct sluice_session *session)
{
	for (uint8_t i = 0; i < session->n_tracks; i++) {
		const struct sluice_track *track = &session->tracks[i];

		for (uint8_t j = 0; j < RTE_MAX(track->n_rids, 1); j++) {
			char name[SLUICE_MEDIA_NAME_MAX];

			stream_name(name, session, track, j);
			media_stream_feedback_set(sessions->dp->media, name, track->feedback);
		}
	}
}

static int tracks_publish(struct sessions *sessions, const struct sluice_session *session,
                          char *why)
{
	int error = 0;

	for (uint8_t i = 0; i < session->n_tracks && error == 0; i++) {
		const struct sluice_track *track = &session->tracks[i];

		for (uint8_t j = 0; j < RTE_MAX(track->n_rids, 1) && error == 0; j++)
			error = layer_publish(sessions, session, track, j, why);
	}
	session_tracks_agree(sessions, session);
	return error;
}

/* -- a viewer's subscriptions -- */

/* The publisher's track that this one shows: of the same kind, in the same place among them. */
static const struct sluice_track *track_published(const struct sluice_session *publisher,
                                                  const struct sluice_session *viewer,
                                                  uint8_t track)
{
	uint8_t kind = viewer->tracks[track].kind, place = 0;

	for (uint8_t i = 0; i < track; i++)
		place += viewer->tracks[i].kind == kind;
	for (uint8_t i = 0; i < publisher->n_tracks; i++)
		if (publisher->tracks[i].kind == kind && place-- == 0)
			return &publisher->tracks[i];
	return NULL;
}

/* The publisher's payload types in the viewer's numbers. */
static void payloads_map(struct sluice_subscription *add, const struct sluice_track *own,
                         uint32_t rtx_ssrc)
{
	for (uint8_t i = 0; i < own->n_payloads; i++) {
		const struct sluice_payload *payload = &own->payloads[i];

		add->pt_from[i] = payload->from;
		add->pt_to[i] = payload->pt;
		add->pt_rtx[i] = payload->rtx_pt;
		if (payload->rtx_pt == 0 || add->rtx_pt != 0)
			continue;
		add->rtx_ssrc = rtx_ssrc;
		add->rtx_pt = payload->rtx_pt;
	}
	add->n_pts = own->n_payloads;
}

static int track_watch(struct sessions *sessions, uint32_t index, const struct sluice_session *from,
                       uint8_t place, char *why)
{
	const struct session_control *control = &sessions->control[index];
	const struct sluice_track *own = &control->config.tracks[place];
	const struct sluice_track *track = track_published(from, &control->config, place);
	struct sluice_subscription add = {
	        .ssrc = control->made.ssrcs[place],
	};

	if (track == NULL || own->n_payloads == 0)
		return 0;
	stream_name(add.stream, from, track, 0);
	memcpy(add.endpoint, control->config.id, sizeof(control->config.id));
	memcpy(add.mid, own->mid, sizeof(add.mid));
	memcpy(add.extensions, own->extensions, sizeof(add.extensions));
	payloads_map(&add, own, control->made.rtx_ssrcs[place]);
	return media_subscription_resume(sessions->dp->media, &add, SLUICE_API_EXIST_OK,
	                                 &control->clocks[place], why);
}

static int tracks_watch(struct sessions *sessions, uint32_t index, char *why)
{
	const struct session_control *control = &sessions->control[index];
	uint32_t publisher = session_publisher(sessions, control->config.stream);
	int error = 0;

	if (publisher == 0 || sessions->control[publisher].state != SLUICE_SESSION_CONNECTED)
		return 0; /* when it is there, its viewers are told */
	for (uint8_t i = 0; i < control->config.n_tracks && error == 0; i++)
		error = track_watch(sessions, index, &sessions->control[publisher].config, i, why);
	return error;
}

/* Those who wait for this stream, or have watched its publisher before. */
static void viewers_watch(struct sessions *sessions, const char *stream)
{
	char why[SLUICE_API_ERROR_MAX];
	uint32_t index = 0;

	while ((index = session_of_stream(sessions, stream, index)) != 0) {
		const struct session_control *control = &sessions->control[index];

		if (control->config.role == SLUICE_SESSION_WATCH &&
		    control->state == SLUICE_SESSION_CONNECTED &&
		    tracks_watch(sessions, index, why) < 0)
			log_warning(SLUICE_LOG_DATAPLANE, "session %s: %s", control->config.id,
			            why);
	}
}

/* -- both -- */

/* It publishes now: who did before ends. */
static void publishers_leave(struct sessions *sessions, uint32_t index)
{
	uint32_t other = 0, next;

	next = session_of_stream(sessions, sessions->control[index].config.stream, 0);
	while ((other = next) != 0) {
		next = session_of_stream(sessions, sessions->control[index].config.stream, other);
		if (sessions->list[other].life < sessions->list[index].life &&
		    sessions->control[other].config.role == SLUICE_SESSION_PUBLISH)
			session_end(sessions, other, SLUICE_SESSION_TAKEN_OVER);
	}
}

int session_connect(struct sessions *sessions, uint32_t index, const struct session_note *note)
{
	struct session_control *control = &sessions->control[index];
	struct session *session = &sessions->list[index];
	bool publishes = control->config.role == SLUICE_SESSION_PUBLISH;
	char why[SLUICE_API_ERROR_MAX] = "";
	int endpoint, error;

	endpoint = endpoint_make(sessions, index, note, why);
	if (publishes && endpoint >= 0)
		publishers_leave(sessions, index);
	error = endpoint < 0 ? endpoint
	        : publishes  ? tracks_publish(sessions, &control->config, why)
	                     : 0;
	if (endpoint >= 0) {
		__atomic_store_n(&session->endpoint, (uint32_t)endpoint, __ATOMIC_RELEASE);
		worker_call(sessions->dp->workers[session->owner - 1], point, session);
	}
	control->profile = note->profile;
	control->handshake_ms = note->handshake_ms;
	if (error == 0)
		session_state_set(sessions, index, SLUICE_SESSION_CONNECTED);
	if (error == 0 && publishes)
		viewers_watch(sessions, control->config.stream);
	else if (error == 0)
		error = tracks_watch(sessions, index, why);
	if (endpoint >= 0) /* from here on packets come */
		paths_bind(sessions, index, (uint32_t)endpoint);
	if (error < 0)
		log_warning(SLUICE_LOG_DATAPLANE, "session %s: %s", control->config.id, why);
	return error;
}

/* Its viewers wait for another publisher, and go on where they were. */
static void clocks_keep(struct sessions *sessions, const struct sluice_session *publisher)
{
	char name[SLUICE_MEDIA_NAME_MAX];
	uint32_t index = 0;

	while ((index = session_of_stream(sessions, publisher->stream, index)) != 0) {
		struct session_control *control = &sessions->control[index];

		if (control->config.role != SLUICE_SESSION_WATCH)
			continue;
		for (uint8_t i = 0; i < control->config.n_tracks; i++) {
			const struct sluice_track *track =
			        track_published(publisher, &control->config, i);
			struct media_clock clock = {.known = false};

			if (track != NULL) {
				stream_name(name, publisher, track, 0);
				clock = media_subscription_clock(sessions->dp->media, name,
				                                 control->config.id);
			}
			if (clock.known)
				control->clocks[i] = clock;
		}
	}
}

/* Its flows are unbound already. */
void session_disconnect(struct sessions *sessions, uint32_t index)
{
	struct session *session = &sessions->list[index];
	const struct session_control *control = &sessions->control[index];
	char name[SLUICE_MEDIA_NAME_MAX] = "", why[SLUICE_API_ERROR_MAX];

	if (session->endpoint == 0)
		return;
	if (control->config.role == SLUICE_SESSION_PUBLISH)
		clocks_keep(sessions, &control->config);
	__atomic_store_n(&session->endpoint, 0, __ATOMIC_RELEASE);
	memcpy(name, control->config.id, sizeof(control->config.id));
	if (media_endpoint_delete(sessions->dp->media, name, why) < 0)
		log_error(SLUICE_LOG_DATAPLANE, "session %s: %s", control->config.id, why);
}

/* -- its path -- */

/* Before it has keys it is noted for its endpoint. */
int session_estimate(struct sessions *sessions, const struct sluice_session_estimate *estimate,
                     char *why)
{
	uint32_t index = session_named(sessions, estimate->id);

	if (index == 0)
		return refuse(why, -ENOENT, "no session %s", estimate->id);
	if (estimate->on > 1)
		return refuse(why, -EINVAL, "it is on or off");
	sessions->control[index].estimate_off = !estimate->on;
	if (sessions->list[index].endpoint != 0)
		media_endpoint_estimate(sessions->dp->media, sessions->list[index].endpoint,
		                        estimate->on);
	return 0;
}

/* -- layers -- */

static int layer_set(struct sessions *sessions, uint32_t index, uint8_t place, const char *rid,
                     char *why)
{
	const struct session_control *control = &sessions->control[index];
	uint32_t publisher = session_publisher(sessions, control->config.stream);
	const struct sluice_session *from = &sessions->control[publisher].config;
	const struct sluice_track *track =
	        publisher != 0 ? track_published(from, &control->config, place) : NULL;
	bool automatic = rid[0] == '\0' || strcmp(rid, "auto") == 0;
	struct sluice_subscription_switch change = {0};
	struct sluice_subscription_name name = {0};
	uint8_t layer = 0;

	if (track == NULL)
		return refuse(why, -ENOENT, "nobody publishes this track");
	while (!automatic && layer < track->n_rids && strcmp(track->rids[layer], rid) != 0)
		layer++;
	if (layer >= RTE_MAX(track->n_rids, 1))
		return refuse(why, -ENOENT, "track %s has no layer %s", track->mid, rid);
	stream_name(change.stream, from, track, 0);
	stream_name(change.to, from, track, layer);
	memcpy(change.endpoint, control->config.id, sizeof(control->config.id));
	memcpy(name.stream, change.stream, sizeof(name.stream));
	memcpy(name.endpoint, change.endpoint, sizeof(name.endpoint));
	if (automatic)
		return media_subscription_layer(sessions->dp->media, &name, "", why);
	return media_subscription_switch(sessions->dp->media, &change, why);
}

int session_layer(struct sessions *sessions, const struct sluice_session_layer *layer, char *why)
{
	uint32_t index = session_named(sessions, layer->id);
	const struct session_control *control = &sessions->control[index];
	int error = -ENOENT;

	if (index == 0)
		return refuse(why, -ENOENT, "no session %s", layer->id);
	if (control->config.role != SLUICE_SESSION_WATCH)
		return refuse(why, -EINVAL, "session %s watches nothing", layer->id);
	refuse(why, 0, "session %s has no track %s", layer->id, layer->mid);
	for (uint8_t i = 0; i < control->config.n_tracks; i++) {
		const struct sluice_track *track = &control->config.tracks[i];

		if (layer->mid[0] != '\0' ? strcmp(track->mid, layer->mid) == 0
		                          : track->kind == SLUICE_TRACK_VIDEO)
			error = layer_set(sessions, index, i, layer->rid, why);
	}
	return error;
}
