/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stranger's offer: read, agreed to as a publisher's, then as a viewer's of itself, and answered.
 * What is agreed to stays within the contract with the dataplane; the answer is lines of printable
 * text, and what a browser would read from it again is no less bounded.
 */
#include "fuzz.h"

#include "sdp/answer.h"
#include "sdp/fragment.h"

#include <stdlib.h>
#include <string.h>

static const struct sluice_session_made made = {
        .ufrag = "AbCdEfGhIjKlMnOp",
        .pwd = "0123456789abcdefghijklmnopqrstuv",
        .n_addresses = SLUICE_SESSION_ADDRESSES_MAX,
        .fingerprint = {SLUICE_DIGEST_SHA256, 32},
        .ssrcs = {1, 2},
        .rtx_ssrcs = {3, 4},
        .cname = "c",
};

static void tracks_look(const struct sdp_agreement *agreement)
{
	CHECK(agreement->tracks.count >= 1 && agreement->tracks.count <= 2);
	CHECK(agreement->transport.n_fingerprints >= 1);
	for (uint32_t i = 0; i < agreement->tracks.count; i++) {
		const struct sluice_track *track = &agreement->tracks.tracks[i];

		CHECK(memchr(track->mid, '\0', sizeof(track->mid)) != NULL);
		CHECK(track->n_payloads >= 1 && track->n_payloads <= SLUICE_TRACK_PAYLOADS_MAX);
		CHECK(track->n_rids <= SLUICE_TRACK_LAYERS_MAX);
		CHECK(track->n_ssrcs <= SLUICE_TRACK_LAYERS_MAX);
		for (int n = 0; n < SLUICE_EXTENSIONS_MAX; n++)
			CHECK(track->extensions[n] <= 14);
		for (uint32_t n = 0; n < track->n_payloads; n++) {
			CHECK(track->payloads[n].pt <= 127 && track->payloads[n].rtx_pt <= 127);
			CHECK(track->payloads[n].codec != SLUICE_CODEC_OTHER);
		}
	}
}

static void answer_look(const struct sdp_offer *offer, const struct sdp_agreement *agreement,
                        bool watch)
{
	static char text[SDP_ANSWER_MAX];
	const struct sdp_answer answer = {offer, agreement, &made, "s", 1, watch};
	int length = sdp_answer_write(&answer, text, sizeof(text));
	uint32_t lines = 0;

	if (length < 0)
		return;
	CHECK(strlen(text) == (size_t)length && memcmp(text, "v=0\r\n", 5) == 0);
	for (int i = 0; i < length; i++) {
		CHECK((unsigned char)text[i] >= ' ' || text[i] == '\r' || text[i] == '\n');
		CHECK(text[i] != '\n' || text[i - 1] == '\r');
		lines += text[i] == '\n' && text[i + 1] == 'm';
	}
	CHECK(lines == offer->n_media);
}

static void offer_run(const char *text, size_t size)
{
	static struct sdp_agreement published, watched;
	struct sdp_offer *offer = sdp_offer_create();
	char why[SDP_WHY_MAX];

	CHECK(offer != NULL);
	if (sdp_read(offer, text, size, why) == 0 && sdp_agree(offer, NULL, &published, why) == 0) {
		tracks_look(&published);
		answer_look(offer, &published, false);
		for (uint32_t i = 0; i < offer->n_media; i++)
			offer->media[i].direction = SDP_RECVONLY;
		if (sdp_agree(offer, &published.tracks, &watched, why) == 0) {
			tracks_look(&watched);
			answer_look(offer, &watched, true);
		}
	}
	CHECK(strnlen(why, sizeof(why)) < sizeof(why));
	sdp_offer_destroy(offer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of its exact size: one byte more that is read is a fault. */
	char *text = malloc(size > 0 ? size : 1), why[SDP_WHY_MAX];
	struct sdp_fragment fragment;

	CHECK(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	offer_run(text, size);
	sdp_fragment_read(&fragment, text, size, why);
	free(text);
	return 0;
}
