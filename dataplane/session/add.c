/* SPDX-License-Identifier: BSD-3-Clause */
/* A new session: whether it may be, its place, and its credentials, which an ICE restart draws
 * again. */
#include "session/state.h"

#include "common/log.h"
#include "common/refuse.h"
#include "dtls/dtls.h"
#include "random.h"
#include "session/record.h"
#include "worker.h"

#include <errno.h>
#include <string.h>

/* As media name what hangs on it. */
static bool is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

static int add_check(const struct sessions *sessions, const struct sluice_session *add, char *why)
{
	uint32_t publisher;

	if (add->id[0] == '\0' || add->stream[0] == '\0')
		return refuse(why, -EINVAL, "a session has an id and a stream");
	if (!is_printable(add->id) || !is_printable(add->stream))
		return refuse(why, -EINVAL,
		              "an id and a stream's name have printable bytes without spaces");
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

	session_addresses(sessions, made);
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
	if (!session_addresses(sessions, made))
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
	session_dtls_open(sessions, index);
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
	session_addresses(sessions, &control->made);
	*made = control->made;
	session_record(sessions, index);
	return 0;
}
