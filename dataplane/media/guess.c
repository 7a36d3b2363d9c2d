/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/guess.h"

#include "media/config.h"

/* Nothing of the SSRC before it is new: under this key it was here before. 0: it was not. */
static uint64_t ssrc_first(const struct media *media, const struct endpoint *endpoint,
                           uint32_t ssrc)
{
	const struct endpoint_sources *sources =
	        __atomic_load_n(&endpoint->sources, __ATOMIC_ACQUIRE);
	uint64_t next = 0;

	for (uint32_t i = 0; i < sources->count; i++) {
		const struct endpoint_source *source = sources->sources[i];

		for (uint32_t j = 0; j < SOURCE_FORMERS_MAX; j++)
			if (source->formers[j].next != 0 && source->formers[j].ssrc == ssrc)
				next = RTE_MAX(next, source->formers[j].next);
	}
	if (next != 0)
		return next;
	return spent_recall_received(media->config->spent, endpoint, ssrc);
}

static uint16_t bind_tries(const struct received *received)
{
	const struct endpoint *endpoint = received->endpoint;

	return endpoint->bind_ssrc == received->view.ssrc ? endpoint->bind_tries : 0;
}

void guess_unknown(const struct media *media, struct received *received)
{
	received->guessed = true;
	received->first = ssrc_first(media, received->endpoint, received->view.ssrc);
	received->index =
	        srtp_window_guess(received->first, bind_tries(received), received->view.seq);
}

void guess_source(const struct media *media, struct received *received)
{
	const struct endpoint_source *source = received->source;
	uint32_t ssrc = received->view.ssrc;

	received->guessed = true;
	received->first = source->ssrc == ssrc ? source->window.first
	                                       : ssrc_first(media, received->endpoint, ssrc);
	received->index =
	        srtp_window_guess(received->first, source->window.tries, received->view.seq);
}

/* The index that is next to be tried: of a source that is known, or of one that is new. */
static uint64_t try_next(const struct received *received)
{
	const struct endpoint_source *source = received->source;

	if (source->window.started && source->ssrc == received->view.ssrc)
		return srtp_window_search(&source->window, received->view.seq);
	return srtp_window_guess(received->first, source->window.tries, received->view.seq);
}

/* Anybody may send what fails, under any SSRC: it moves the tries of no other one. */
static void bind_failed(const struct received *received)
{
	struct endpoint *endpoint = received->endpoint;
	uint16_t tries = bind_tries(received);

	if (srtp_window_guess(received->first, tries, received->view.seq) == received->index)
		endpoint->bind_tries = (tries + 1) % SRTP_WINDOW_TRIES;
	else
		endpoint->bind_tries = tries;
	endpoint->bind_ssrc = received->view.ssrc;
}

void guess_failed(const struct received *received)
{
	struct srtp_receive_window *window;

	if (received->source == NULL) {
		bind_failed(received);
		return;
	}
	window = &received->source->window;
	if (try_next(received) == received->index)
		window->tries = (window->tries + 1) % SRTP_WINDOW_TRIES;
}
