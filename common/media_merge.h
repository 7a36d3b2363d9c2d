/* SPDX-License-Identifier: BSD-3-Clause */
/* What an object of SRTP forwarding is after SLUICE_*_SET: the dataplane changes it so, and the
 * control plane its line of the configuration. Fields that are not given stay. */
#ifndef COMMON_MEDIA_MERGE_H
#define COMMON_MEDIA_MERGE_H

#include <sluice/media.h>

void endpoint_merge(struct sluice_endpoint *endpoint, const struct sluice_endpoint_set *set);
void stream_merge(struct sluice_stream *stream, const struct sluice_stream_set *set);
void subscription_merge(struct sluice_subscription *subscription,
                        const struct sluice_subscription_set *set);

#endif
