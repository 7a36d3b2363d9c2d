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

bool key_frame_due(struct stream *stream, uint64_t tsc, uint64_t tsc_hz)
{
	if (!stream->key_frame_wanted)
		return false;
	if (stream->key_frame_sent != 0 &&
	    tsc - stream->key_frame_sent < tsc_hz / 1000 * KEY_FRAME_INTERVAL_MS)
		return false;
	/* who asked may have gone */
	if (__atomic_load_n(&stream->workers, __ATOMIC_RELAXED) == 0) {
		stream->key_frame_wanted = false;
		return false;
	}
	return true;
}

void key_frame_sent(struct stream *stream, uint64_t tsc)
{
	stream->key_frame_wanted = false;
	stream->key_frame_sent = tsc;
	stream->key_frame_requests++;
}
