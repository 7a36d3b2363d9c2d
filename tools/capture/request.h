/* SPDX-License-Identifier: BSD-3-Clause */
/* From the command line to a request. */
#ifndef TOOLS_CAPTURE_REQUEST_H
#define TOOLS_CAPTURE_REQUEST_H

#include <sluice/capture.h>

#include "options.h"

#define REQUEST_WHY_MAX 512

/* words: the pcap expression's. 0, or -EINVAL with a line in `why`. */
int request_make(struct sluice_capture *request, const struct capture_options *options,
                 char **words, int count, char why[REQUEST_WHY_MAX]);

/* "20", "64k", "1M", "2G": false where it is none, or not between least and most. */
bool size_read(const char *text, uint64_t least, uint64_t most, uint64_t *value);

#endif
