/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/config.h"

#include "dataplane.h"

#include <stdlib.h>

#include <rte_rcu_qsbr.h>

void media_discard(struct media *media, void (*release)(struct media *media, void *object),
                   void *object)
{
	struct media_garbage *garbage = malloc(sizeof(*garbage));

	if (garbage == NULL) {
		dataplane_quiesce(media->dp);
		release(media, object);
		return;
	}
	*garbage = (struct media_garbage){
	        .token = rte_rcu_qsbr_start(media->dp->qsbr),
	        .free = release,
	        .object = object,
	};
	STAILQ_INSERT_TAIL(&media->config->garbage, garbage, entry);
}

static void garbage_free(struct media *media, bool wait)
{
	struct media_garbage *garbage;

	while ((garbage = STAILQ_FIRST(&media->config->garbage)) != NULL) {
		if (rte_rcu_qsbr_check(media->dp->qsbr, garbage->token, wait) != 1)
			return;
		STAILQ_REMOVE_HEAD(&media->config->garbage, entry);
		garbage->free(media, garbage->object);
		free(garbage);
	}
}

void media_collect(struct media *media)
{
	garbage_free(media, false);
}

void media_collect_all(struct media *media)
{
	garbage_free(media, true);
}
