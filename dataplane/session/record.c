/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/record.h"

#include "ledger/ledger.h"
#include "worker.h"

#include <string.h>

static_assert(SLUICE_SESSION_TRACKS_MAX == 8 && SLUICE_TRACK_PAYLOADS_MAX == 16 &&
                      SLUICE_TRACK_LAYERS_MAX == 4 && SLUICE_EXTENSIONS_MAX == 16 &&
                      SLUICE_SESSION_FINGERPRINTS_MAX == 4 && SLUICE_SESSION_BLOB_MAX == 1024,
              "as the ledger has them");

uint32_t session_record_shapes(const struct options *options, struct ledger_shape *shapes)
{
	if (options->max_sessions == 0 || options->max_endpoints == 0)
		return 0;
	shapes[0] = LEDGER_SHAPE(SLUICE_LEDGER_SESSION, sluice_ledger_session,
	                         options->max_sessions + 1);
	shapes[1] = LEDGER_SHAPE(SLUICE_LEDGER_CERTIFICATE, sluice_ledger_certificate, 1);
	return 2;
}

static void track_record(const struct session_control *control, uint8_t place,
                         struct sluice_ledger_track *record)
{
	const struct sluice_track *track = &control->config.tracks[place];

	memcpy(record->mid, track->mid, sizeof(track->mid));
	record->kind = track->kind;
	record->n_payloads = track->n_payloads;
	record->n_rids = track->n_rids;
	record->n_ssrcs = track->n_ssrcs;
	record->feedback = track->feedback;
	memcpy(record->extensions, track->extensions, sizeof(record->extensions));
	static_assert(sizeof(record->payloads) == sizeof(track->payloads), "the same fields");
	memcpy(record->payloads, track->payloads, sizeof(record->payloads));
	for (uint32_t i = 0; i < SLUICE_TRACK_LAYERS_MAX; i++)
		memcpy(record->rids[i], track->rids[i], sizeof(track->rids[i]));
	memcpy(record->ssrcs, track->ssrcs, sizeof(record->ssrcs));
	memcpy(record->rtx_ssrcs, track->rtx_ssrcs, sizeof(record->rtx_ssrcs));
	record->watch_ssrc = control->made.ssrcs[place];
	record->watch_rtx_ssrc = control->made.rtx_ssrcs[place];
}

static void path_record(const struct session_control *control, struct sluice_ledger_session *record)
{
	const struct session_way *way = &control->way;

	memcpy(record->remote, way->remote.ip.bytes, sizeof(record->remote));
	memcpy(record->local, way->local.ip.bytes, sizeof(record->local));
	record->remote_port = way->remote.port;
	record->local_port = way->local.port;
}

static void record_fill(const struct sessions *sessions, uint32_t index,
                        struct sluice_ledger_session *record)
{
	const struct session_control *control = &sessions->control[index];
	const struct sluice_session *config = &control->config;
	const struct session *session = &sessions->list[index];

	*record = (struct sluice_ledger_session){
	        .role = config->role,
	        .active = config->active,
	        .n_tracks = config->n_tracks,
	        .n_fingerprints = config->n_fingerprints,
	        .state = control->state,
	        .profile = control->profile,
	        .generation = session->generation,
	        .previous = __atomic_load_n(&session->previous, __ATOMIC_RELAXED),
	        .handshake_ms = control->handshake_ms,
	        .made = ledger_time(sessions->dp->ledger, control->made_s),
	        .blob_length = config->blob_length,
	};
	memcpy(record->id, config->id, sizeof(config->id));
	memcpy(record->stream, config->stream, sizeof(config->stream));
	memcpy(record->remote_ufrag, config->remote_ufrag, sizeof(config->remote_ufrag));
	for (uint32_t i = 0; i < 2; i++)
		memcpy(record->pwd[i], control->pwd[i], sizeof(control->pwd[i]));
	memcpy(record->cname, control->made.cname, sizeof(record->cname));
	static_assert(sizeof(record->fingerprints) == sizeof(config->fingerprints), "the same");
	memcpy(record->fingerprints, config->fingerprints, sizeof(record->fingerprints));
	memcpy(record->blob, config->blob, sizeof(record->blob));
	path_record(control, record);
	for (uint8_t i = 0; i < config->n_tracks; i++)
		track_record(control, i, &record->tracks[i]);
}

void session_record(const struct sessions *sessions, uint32_t index)
{
	const struct ledger_table *table =
	        ledger_at(sessions->dp->ledger, SLUICE_LEDGER_SESSION, index);
	struct sluice_ledger_session record;

	if (table == NULL)
		return;
	if (sessions->control[index].way.connection != 0) { /* it ends with this process */
		ledger_wipe(table, index);
		return;
	}
	record_fill(sessions, index, &record);
	ledger_write(table, index, &record, sizeof(record));
	explicit_bzero(&record, sizeof(record));
}

void session_record_end(const struct sessions *sessions, uint32_t index)
{
	const struct ledger_table *table =
	        ledger_at(sessions->dp->ledger, SLUICE_LEDGER_SESSION, index);

	if (table != NULL)
		ledger_wipe(table, index);
}
