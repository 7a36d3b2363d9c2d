/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/key_frame.h"

#include "media/ask.h"

void key_frame_ask(struct media_worker *media_worker, uint32_t stream)
{
	const struct media_ask ask = {.stream = stream, .kind = MEDIA_ASK_KEY_FRAME};

	media_ask(media_worker, &ask);
}

void key_frame_ask_from_control(struct media *media, uint32_t stream)
{
	const struct media_ask ask = {.stream = stream, .kind = MEDIA_ASK_KEY_FRAME};

	/* where the ring is full, the subscriber's own PLI comes before long */
	media_ask_put(media, media->endpoints[media->streams[stream].endpoint].worker, &ask);
}

void key_frame_hurry(struct stream *stream)
{
	__atomic_store_n(&stream->key_frame_hurried, true, __ATOMIC_RELEASE);
}

uint64_t key_frame_interval(const struct stream *stream, uint64_t tsc_hz)
{
	bool hurried = __atomic_load_n(&stream->key_frame_hurried, __ATOMIC_RELAXED);

	return tsc_hz / 1000 * (hurried ? KEY_FRAME_BEGIN_MS : KEY_FRAME_INTERVAL_MS);
}

bool key_frame_is_owed(const struct stream *stream)
{
	return stream->key_frame_tries != 0 && stream->key_frame_tries < KEY_FRAME_TRIES;
}

void key_frame_came(struct stream *stream)
{
	stream->key_frame_tries = 0;
}

/* Between a request and the next one: of others, and of the same. */
static bool key_frame_waits(const struct stream *stream, uint64_t tsc, uint64_t tsc_hz)
{
	uint64_t interval = stream->key_frame_wanted ? key_frame_interval(stream, tsc_hz)
	                                             : tsc_hz / 1000 * KEY_FRAME_INTERVAL_MS
	                                                       << (stream->key_frame_tries - 1);

	return stream->key_frame_sent != 0 && tsc - stream->key_frame_sent < interval;
}

bool key_frame_due(struct stream *stream, uint64_t tsc, uint64_t tsc_hz)
{
	if (!stream->key_frame_wanted && !key_frame_is_owed(stream))
		return false;
	if (key_frame_waits(stream, tsc, tsc_hz))
		return false;
	/* who asked may have gone */
	if (__atomic_load_n(&stream->workers, __ATOMIC_RELAXED) == 0) {
		stream->key_frame_wanted = false;
		stream->key_frame_tries = 0;
		return false;
	}
	return true;
}

void key_frame_sent(struct stream *stream, uint64_t tsc)
{
	if (stream->keyed)
		stream->key_frame_tries =
		        stream->key_frame_wanted ? 1 : stream->key_frame_tries + 1;
	stream->key_frame_wanted = false;
	__atomic_store_n(&stream->key_frame_hurried, false, __ATOMIC_RELAXED);
	stream->key_frame_sent = tsc;
	stream->key_frame_requests++;
}
