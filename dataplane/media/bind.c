/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/bind.h"

#include "worker.h"

/* Packets of the SSRC before may still come, late: they must not take the stream back. */
#define BIND_SILENT_MS 200

const struct sluice_stream_payload *bind_rtx_payload(const struct stream *stream,
                                                     uint8_t payload_type)
{
	for (uint32_t i = 0; i < stream->n_payloads; i++)
		if (stream->payloads[i].rtx_pt == payload_type && payload_type != 0)
			return &stream->payloads[i];
	return NULL;
}

const struct sluice_stream_payload *bind_payload(const struct stream *stream, uint8_t payload_type)
{
	for (uint32_t i = 0; i < stream->n_payloads; i++)
		if (stream->payloads[i].pt == payload_type)
			return &stream->payloads[i];
	return NULL;
}

static bool mid_fits(const struct stream *stream, const struct ext_said *said)
{
	return said->mid.bytes == NULL || stream->mid[0] == 0 ||
	       ext_bytes_are(&said->mid, stream->mid);
}

/* How a packet names this stream, the surest first. */
enum bind_claim { CLAIM_NOT, CLAIM_PAYLOAD_TYPE, CLAIM_MID, CLAIM_RID };

static enum bind_claim stream_claim(const struct stream *stream, const struct ext_said *said,
                                    uint8_t payload_type)
{
	const struct ext_bytes *rid =
	        said->repaired_rid.bytes != NULL ? &said->repaired_rid : &said->rid;

	if (!mid_fits(stream, said))
		return CLAIM_NOT;
	if (rid->bytes != NULL && stream->rid[0] != 0)
		return ext_bytes_are(rid, stream->rid) ? CLAIM_RID : CLAIM_NOT;
	/* a mid tells nothing of the layer */
	if (said->mid.bytes != NULL && stream->mid[0] != 0 && stream->rid[0] == 0)
		return CLAIM_MID;
	return bind_payload(stream, payload_type) != NULL ||
	                       bind_rtx_payload(stream, payload_type) != NULL
	               ? CLAIM_PAYLOAD_TYPE
	               : CLAIM_NOT;
}

/* Of the stream, where it sends nothing under another SSRC. */
static struct endpoint_source *source_open(const struct stream *stream, const struct ext_said *said,
                                           uint8_t payload_type, const struct worker *worker)
{
	bool rtx =
	        said->repaired_rid.bytes != NULL || bind_rtx_payload(stream, payload_type) != NULL;
	struct endpoint_source *source = rtx ? stream->rtx_source : stream->source;

	if (source == NULL || (source->ssrc != 0 && !source->learned && source->taken_tsc != 0))
		return NULL;
	if (source->ssrc == 0 || source->ended || source->taken_tsc == 0 ||
	    worker->tsc - source->taken_tsc > worker->tsc_hz / 1000 * BIND_SILENT_MS)
		return source;
	return NULL;
}

struct endpoint_source *bind_find(const struct media *media, const struct endpoint *endpoint,
                                  const struct ext_said *said, uint8_t payload_type,
                                  const struct worker *worker)
{
	const struct endpoint_sources *sources =
	        __atomic_load_n(&endpoint->sources, __ATOMIC_ACQUIRE);
	const struct stream *best = NULL;
	enum bind_claim most = CLAIM_NOT;
	bool many = false;

	for (uint32_t i = 0; sources != NULL && i < sources->count; i++) {
		const struct stream *stream = &media->streams[sources->sources[i]->stream];
		enum bind_claim claim;

		if (sources->sources[i]->rtx || !sources->sources[i]->bound)
			continue;
		claim = stream_claim(stream, said, payload_type);
		many = claim == most && claim != CLAIM_NOT ? true : many && claim < most;
		if (claim <= most)
			continue;
		most = claim;
		best = stream;
	}
	if (best == NULL || many)
		return NULL;
	return source_open(best, said, payload_type, worker);
}
