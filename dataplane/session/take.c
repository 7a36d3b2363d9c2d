/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sessions of the dataplane before: their browsers go on as if nothing had happened. A session
 * keeps its place, which its ufrag names; its endpoint, streams and subscriptions media has taken
 * already.
 */
#include "session/record.h"

#include "common/log.h"
#include "ledger/image.h"
#include "ledger/ledger.h"
#include "media/media.h"
#include "media/state.h"
#include "worker.h"

#include <errno.h>
#include <string.h>

struct take {
	struct sessions *sessions;
	const struct ledger_image *old;
	struct ledger_taken *taken;
};

static bool text_ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

/* Whatever stands there must not lead out of a table. */
static bool record_is_sound(const struct sluice_ledger_session *old)
{
	bool sound = text_ends(old->id, SLUICE_SESSION_ID_MAX) && old->id[0] != '\0' &&
	             text_ends(old->stream, SLUICE_MEDIA_NAME_MAX) &&
	             text_ends(old->remote_ufrag, SLUICE_SESSION_UFRAG_MAX) &&
	             old->role <= SLUICE_SESSION_WATCH && old->state < SLUICE_SESSION_ENDED &&
	             old->profile < SLUICE_SRTP_PROFILES &&
	             old->n_tracks <= SLUICE_SESSION_TRACKS_MAX &&
	             old->n_fingerprints <= SLUICE_SESSION_FINGERPRINTS_MAX &&
	             old->blob_length <= SLUICE_SESSION_BLOB_MAX;

	for (uint8_t i = 0; sound && i < old->n_tracks; i++) {
		const struct sluice_ledger_track *track = &old->tracks[i];

		sound = text_ends(track->mid, SLUICE_TRACK_MID_MAX) &&
		        track->kind <= SLUICE_TRACK_VIDEO &&
		        track->n_payloads <= SLUICE_TRACK_PAYLOADS_MAX &&
		        track->n_rids <= SLUICE_TRACK_LAYERS_MAX &&
		        track->n_ssrcs <= SLUICE_TRACK_LAYERS_MAX;
		for (uint32_t j = 0; j < SLUICE_TRACK_LAYERS_MAX; j++)
			sound &= text_ends(track->rids[j], SLUICE_TRACK_RID_MAX);
	}
	return sound && text_ends(old->pwd[0], 33) && text_ends(old->pwd[1], 33);
}

static void track_take(struct session_control *control, uint8_t place,
                       const struct sluice_ledger_track *old)
{
	struct sluice_track *track = &control->config.tracks[place];

	memcpy(track->mid, old->mid, sizeof(track->mid));
	track->kind = old->kind;
	track->n_payloads = old->n_payloads;
	track->n_rids = old->n_rids;
	track->n_ssrcs = old->n_ssrcs;
	track->feedback = old->feedback;
	memcpy(track->extensions, old->extensions, sizeof(track->extensions));
	memcpy(track->payloads, old->payloads, sizeof(track->payloads));
	for (uint32_t i = 0; i < SLUICE_TRACK_LAYERS_MAX; i++)
		memcpy(track->rids[i], old->rids[i], sizeof(track->rids[i]));
	memcpy(track->ssrcs, old->ssrcs, sizeof(track->ssrcs));
	memcpy(track->rtx_ssrcs, old->rtx_ssrcs, sizeof(track->rtx_ssrcs));
	control->made.ssrcs[place] = old->watch_ssrc;
	control->made.rtx_ssrcs[place] = old->watch_rtx_ssrc;
}

static void control_take(struct sessions *sessions, uint32_t index,
                         const struct sluice_ledger_session *old)
{
	struct session_control *control = &sessions->control[index];
	struct sluice_session *config = &control->config;

	memcpy(config->id, old->id, sizeof(config->id));
	memcpy(config->stream, old->stream, sizeof(config->stream));
	memcpy(config->remote_ufrag, old->remote_ufrag, sizeof(config->remote_ufrag));
	config->role = old->role;
	config->active = old->active;
	config->n_tracks = old->n_tracks;
	config->n_fingerprints = old->n_fingerprints;
	config->blob_length = old->blob_length;
	memcpy(config->fingerprints, old->fingerprints, sizeof(config->fingerprints));
	memcpy(config->blob, old->blob, sizeof(config->blob));
	for (uint8_t i = 0; i < old->n_tracks; i++)
		track_take(control, i, &old->tracks[i]);
	memcpy(control->made.cname, old->cname, sizeof(control->made.cname));
	for (uint32_t i = 0; i < 2; i++)
		memcpy(control->pwd[i], old->pwd[i], sizeof(control->pwd[i]));
	memcpy(control->made.pwd, old->pwd[old->generation & 1], sizeof(control->made.pwd));
	ufrag_write(control->made.ufrag, &sessions->ufrags.key, index << 8 | old->generation);
	control->state = old->state;
	control->profile = old->profile;
	control->handshake_ms = old->handshake_ms;
	control->used = true;
	control->made_tsc = control->checked_tsc = sessions->dp->workers[0]->tsc;
	control->made_s = old->made - ledger_time(sessions->dp->ledger, 0);
}

/* It is where it was, and has as long as any to say so. */
static void path_take(struct sessions *sessions, uint32_t index,
                      const struct sluice_ledger_session *old)
{
	struct session_control *control = &sessions->control[index];
	struct session *session = &sessions->list[index];
	struct session_path *path = &session->paths[0];
	struct five_tuple flow;
	int listener;

	if (old->remote_port == 0)
		return;
	*path = (struct session_path){
	        .remote = {.ip = ip_addr_v6(old->remote), .port = old->remote_port},
	        .local = {.ip = ip_addr_v6(old->local), .port = old->local_port},
	        .checked = sessions->dp->workers[0]->tsc,
	};
	listener = session_listener_wait(sessions, &path->local);
	if (listener < 0)
		return;
	path->service = session_service((uint16_t)listener + 1);
	session->checked = session->selected_checked = path->checked;
	session->selected_told = true;
	session->selected_path = 1;
	control->way = (struct session_way){.remote = path->remote, .local = path->local};
	session->selected.way = control->way;
	flow = (struct five_tuple){
	        .src = path->remote.ip,
	        .src_port = path->remote.port,
	        .service = path->service,
	};
	session_flow_bind(sessions, index, &flow, &path->local);
}

/* 0, or -ENOENT: what it was is not there. */
static int endpoint_take(struct sessions *sessions, uint32_t index)
{
	struct session *session = &sessions->list[index];
	const struct media *media = sessions->dp->media;
	char name[SLUICE_MEDIA_NAME_MAX] = "";

	if (sessions->control[index].state < SLUICE_SESSION_CONNECTED)
		return sessions->control[index].state < SLUICE_SESSION_SHAKING ? 0 : -ENOENT;
	memcpy(name, sessions->control[index].config.id, SLUICE_SESSION_ID_MAX);
	session->endpoint = media_endpoint_index(media, name);
	if (session->endpoint == 0)
		return -ENOENT;
	session->owner = media->endpoints[session->endpoint].worker + 1;
	/* for one that keys of a new handshake make */
	sessions->control[index].estimate_off =
	        media->endpoints[session->endpoint].config.estimate_off;
	if (sessions->control[index].config.role == SLUICE_SESSION_PUBLISH)
		session_tracks_agree(sessions, &sessions->control[index].config);
	return 0;
}

static int session_take_over(struct sessions *sessions, uint32_t index,
                             const struct sluice_ledger_session *old)
{
	struct session *session = &sessions->list[index];
	int error;

	control_take(sessions, index, old);
	session->life = ++sessions->lives;
	session->generation = old->generation;
	session->previous = old->previous;
	for (uint32_t i = 0; i < 2; i++)
		stun_key_raw(&session->keys[i], old->pwd[i], strlen(old->pwd[i]));
	error = endpoint_take(sessions, index);
	if (error < 0) {
		explicit_bzero(&sessions->control[index], sizeof(sessions->control[index]));
		return error;
	}
	session_names_add(sessions, index);
	sessions->count++;
	session->live = true;
	path_take(sessions, index, old);
	if (session->endpoint == 0)
		session_dtls_open(sessions, index);
	session_record(sessions, index);
	return 0;
}

static void record_take(struct take *take, uint32_t index)
{
	struct sluice_ledger_session old;
	int error;

	if (!ledger_image_take(take->old, take->taken, SLUICE_LEDGER_SESSION, index, &old,
	                       sizeof(old)))
		return;
	if (index > take->sessions->max)
		error = -ENOSPC;
	else if (!record_is_sound(&old))
		error = -EINVAL;
	else
		error = session_take_over(take->sessions, index, &old);
	explicit_bzero(&old, sizeof(old));
	if (error == 0)
		take->taken->records++;
	else if (error == -ENOSPC)
		take->taken->no_room++;
	else if (error == -ENOENT)
		take->taken->foreign++;
	else
		take->taken->broken++;
}

/* Under another key of ufrags nobody finds them. */
void sessions_take(struct sessions *sessions)
{
	struct ledger *ledger = sessions->dp->ledger;
	struct take take = {sessions, ledger->old, &ledger->taken};

	if (!ledger->keys_taken ||
	    memcmp(ledger->keys.ufrags, &sessions->ufrags.key, sizeof(ledger->keys.ufrags)) != 0)
		return;
	for (uint32_t i = 1; i < ledger_image_count(ledger->old, SLUICE_LEDGER_SESSION); i++)
		record_take(&take, i);
	session_places_rebuild(sessions);
}

/* -- what is left of the others -- */

static bool endpoint_is_taken(const struct sessions *sessions, const struct endpoint *endpoint,
                              uint32_t index)
{
	uint32_t session = sessions != NULL ? session_named(sessions, endpoint->name) : 0;

	return session != 0 && sessions->list[session].endpoint == index;
}

void session_strays_end(struct dataplane *dp)
{
	struct media *media = dp->media;
	char why[SLUICE_API_ERROR_MAX];

	for (uint32_t i = 1; i <= media->max_endpoints; i++) {
		const struct endpoint *endpoint = &media->endpoints[i];

		if (!endpoint->live || !endpoint->outside ||
		    endpoint_is_taken(dp->sessions, endpoint, i))
			continue;
		log_warning(SLUICE_LOG_DATAPLANE, "session %s was not taken: its media end",
		            endpoint->name);
		if (media_endpoint_delete(media, endpoint->name, why) < 0)
			log_error(SLUICE_LOG_DATAPLANE, "%s", why);
	}
}
