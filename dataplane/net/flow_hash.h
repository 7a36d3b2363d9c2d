/* SPDX-License-Identifier: BSD-3-Clause */
/* A hash by five-tuples that workers read without a lock while the control thread writes. */
#ifndef NET_FLOW_HASH_H
#define NET_FLOW_HASH_H

#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_rcu_qsbr.h>

#include "graph/packet.h"

/* A place is used again once all of `qsbr` have passed. NULL: no memory. */
static inline struct rte_hash *flow_hash_create(const char *name, uint32_t entries,
                                                struct rte_rcu_qsbr *qsbr)
{
	struct rte_hash_parameters parameters = {
	        .name = name,
	        .entries = RTE_MAX(entries, 64u),
	        .key_len = sizeof(struct five_tuple),
	        .hash_func = rte_hash_crc,
	        .socket_id = SOCKET_ID_ANY,
	        .extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF,
	};
	struct rte_hash_rcu_config rcu = {
	        .v = qsbr,
	        .mode = RTE_HASH_QSBR_MODE_DQ,
	};
	struct rte_hash *hash = rte_hash_create(&parameters);

	if (hash != NULL && rte_hash_rcu_qsbr_add(hash, &rcu) != 0) {
		rte_hash_free(hash);
		return NULL;
	}
	return hash;
}

#endif
