/* SPDX-License-Identifier: BSD-3-Clause */
/* The conversation with the dataplane. */
#ifndef TOOLS_CAPTURE_DATAPLANE_H
#define TOOLS_CAPTURE_DATAPLANE_H

#include <stdbool.h>

#include <sluice/capture.h>

#include "common/seqpacket.h"

struct dataplane_link {
	const char *path;
	int fd;
	uint32_t id; /* of the last request */
	struct seqpacket_record reply;
	char why[SLUICE_API_ERROR_MAX + 160];
};

/* 0, or -errno with a line in `why`, as with all of these. */
int link_connect(struct dataplane_link *link, const char *path);
int link_start(struct dataplane_link *link, const struct sluice_capture *request, int fd,
               struct sluice_capture_row *row);
/* -ENOENT: it is not known any more. */
int link_show(struct dataplane_link *link, struct sluice_capture_row *row);
int link_stop(struct dataplane_link *link);
int link_file(struct dataplane_link *link, int fd);

#endif
