/* SPDX-License-Identifier: BSD-3-Clause */
/* a= lines, and what follows from all of an m-line's once they have been read. */
#ifndef SDP_ATTRIBUTE_H
#define SDP_ATTRIBUTE_H

#include "sdp/offer.h"

/* What is read of an m-line and not kept. */
struct sdp_reading {
	struct sdp_offer *offer;
	struct sdp_media *media; /* NULL: session level */
	uint32_t ssrcs[SDP_SSRCS_MAX], n_ssrcs;
	struct sdp_ssrc_pair fids[SDP_SSRCS_MAX]; /* a=ssrc-group:FID */
	uint32_t n_fids;
	uint32_t sims[SLUICE_TRACK_LAYERS_MAX], n_sims;
	uint32_t protecting[SDP_SSRCS_MAX], n_protecting; /* FEC */
	struct slice rids[SDP_SSRCS_MAX];
	uint32_t n_rids;
	struct slice simulcast; /* of a=simulcast, "send q;h;f" */
	char *why;
};

/* RFC 8285: of each enum sluice_extension. */
extern const char *const sdp_extension_uris[SLUICE_EXTENSIONS];

/* 0; -EINVAL with a line in reading->why. What is not known is passed over. */
int sdp_attribute(struct sdp_reading *reading, struct slice name, struct slice value);
void sdp_media_finish(struct sdp_reading *reading);

/* -- the parts -- */

struct sdp_attribute_row {
	const char *name;
	bool media_only; /* passed over at the session level */
	int (*read)(struct sdp_reading *reading, struct slice value);
};

/* Of transport.c, formats.c and layers.c; {0} ends each. */
extern const struct sdp_attribute_row sdp_transport_rows[];
extern const struct sdp_attribute_row sdp_format_rows[];
extern const struct sdp_attribute_row sdp_layer_rows[];

void sdp_layers_finish(struct sdp_reading *reading);

#endif
