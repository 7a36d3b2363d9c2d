/* SPDX-License-Identifier: BSD-3-Clause */
/* a= lines of layers and SSRCs, and what follows from all of an m-line's. */
#include "sdp/attribute.h"

#include "common/refuse.h"

#include <errno.h>
#include <string.h>

/* "q send": RFC 8851 */
static int read_rid(struct sdp_reading *reading, struct slice value)
{
	struct slice rid, direction;

	if (slice_word(&value, ' ', &rid) && slice_word(&value, ' ', &direction) &&
	    slice_is(direction, "send") && slice_consists(rid, "-_") &&
	    rid.length < SLUICE_TRACK_RID_MAX && reading->n_rids < SDP_SSRCS_MAX)
		reading->rids[reading->n_rids++] = rid;
	return 0;
}

static int read_simulcast(struct sdp_reading *reading, struct slice value)
{
	reading->simulcast = value;
	return 0;
}

/* "3644448489 cname:x" */
static int read_ssrc(struct sdp_reading *reading, struct slice value)
{
	struct slice word;
	uint32_t ssrc;

	if (!slice_word(&value, ' ', &word) || !slice_number(word, UINT32_MAX, &ssrc) || ssrc == 0)
		return refuse(reading->why, -EINVAL, "a=ssrc: expected an SSRC");
	for (uint32_t i = 0; i < reading->n_ssrcs; i++)
		if (reading->ssrcs[i] == ssrc)
			return 0;
	if (reading->n_ssrcs < SDP_SSRCS_MAX)
		reading->ssrcs[reading->n_ssrcs++] = ssrc;
	return 0;
}

/* "FID 1 2", "SIM 1 2 3", "FEC-FR 1 2": RFC 5576, 4.2 */
static int read_ssrc_group(struct sdp_reading *reading, struct slice value)
{
	struct slice semantics, word;
	uint32_t ssrcs[SLUICE_TRACK_LAYERS_MAX], count = 0;

	if (!slice_word(&value, ' ', &semantics))
		return 0;
	while (count < SLUICE_TRACK_LAYERS_MAX && slice_word(&value, ' ', &word))
		if (slice_number(word, UINT32_MAX, &ssrcs[count]) && ssrcs[count] != 0)
			count++;
	if (slice_is(semantics, "SIM")) {
		memcpy(reading->sims, ssrcs, sizeof(ssrcs[0]) * count);
		reading->n_sims = count;
	} else if (count >= 2 && slice_is(semantics, "FID") && reading->n_fids < SDP_SSRCS_MAX) {
		reading->fids[reading->n_fids++] = (struct sdp_ssrc_pair){ssrcs[0], ssrcs[1]};
	} else if (count >= 2 && (slice_is(semantics, "FEC-FR") || slice_is(semantics, "FEC")) &&
	           reading->n_protecting < SDP_SSRCS_MAX) {
		reading->protecting[reading->n_protecting++] = ssrcs[1];
	}
	return 0;
}

const struct sdp_attribute_row sdp_layer_rows[] = {
        {"rid", true, read_rid},
        {"simulcast", true, read_simulcast},
        {"ssrc", true, read_ssrc},
        {"ssrc-group", true, read_ssrc_group},
        {0},
};

/* -- what follows -- */

/* Once, where it has a line of its own. */
static void rid_add(struct sdp_reading *reading, struct slice rid)
{
	struct sdp_media *media = reading->media;

	for (uint32_t i = 0; i < media->n_rids; i++)
		if (slice_equals(media->rids[i], rid))
			return;
	for (uint32_t i = 0; i < reading->n_rids; i++) {
		if (slice_equals(reading->rids[i], rid)) {
			media->rids[media->n_rids++] = rid;
			return;
		}
	}
}

/* "send q;h;~f", "send 1,2;3": of alternatives the first (RFC 8853, 5.1). */
static void rids_finish(struct sdp_reading *reading)
{
	struct sdp_media *media = reading->media;
	struct slice list = reading->simulcast, word, direction;

	while (slice_word(&list, ' ', &direction) && slice_word(&list, ' ', &word)) {
		struct slice layer;

		if (!slice_is(direction, "send"))
			continue;
		while (slice_word(&word, ';', &layer) && media->n_rids < SLUICE_TRACK_LAYERS_MAX) {
			struct slice rid;

			if (!slice_word(&layer, ',', &rid))
				continue;
			if (rid.bytes[0] == '~') { /* paused at first */
				rid.bytes++;
				rid.length--;
			}
			rid_add(reading, rid);
		}
	}
	if (media->n_rids == 1 && reading->n_rids <= 1)
		media->n_rids = 0; /* one layer is none */
}

static bool is_secondary(const struct sdp_reading *reading, uint32_t ssrc)
{
	for (uint32_t i = 0; i < reading->n_fids; i++)
		if (reading->fids[i].rtx == ssrc)
			return true;
	for (uint32_t i = 0; i < reading->n_protecting; i++)
		if (reading->protecting[i] == ssrc)
			return true;
	return false;
}

static void ssrc_add(struct sdp_reading *reading, uint32_t ssrc)
{
	struct sdp_media *media = reading->media;
	struct sdp_ssrc_pair *pair;

	if (media->n_ssrcs == SLUICE_TRACK_LAYERS_MAX || is_secondary(reading, ssrc))
		return;
	pair = &media->ssrcs[media->n_ssrcs++];
	*pair = (struct sdp_ssrc_pair){ssrc, 0};
	for (uint32_t i = 0; i < reading->n_fids; i++)
		if (reading->fids[i].ssrc == ssrc)
			pair->rtx = reading->fids[i].rtx;
}

void sdp_layers_finish(struct sdp_reading *reading)
{
	bool simulcast = reading->n_sims > 0;
	const uint32_t *ssrcs = simulcast ? reading->sims : reading->ssrcs;
	uint32_t count = simulcast ? reading->n_sims : reading->n_ssrcs;

	rids_finish(reading);
	for (uint32_t i = 0; i < count; i++)
		ssrc_add(reading, ssrcs[i]);
}
