/* SPDX-License-Identifier: BSD-3-Clause */
/* What becomes of accounts of allocations that have ended. The control plane's alone. */
#ifndef SLUICE_ACCOUNTING_H
#define SLUICE_ACCOUNTING_H

#include <sluice/turn.h>

/* SLUICE_ACCOUNTING_LOG_SET -> {}: 1: a line of the log for each. */
struct sluice_accounting_log {
	uint32_t on;
};
static_assert(sizeof(struct sluice_accounting_log) == 4, "accounting log");

#define SLUICE_ACCOUNTING_ROWS_MAX 16000000

/* SLUICE_ACCOUNTING_KEEP_SET -> {}: the newest in a file, a row each. */
struct sluice_accounting_keep {
	uint32_t rows; /* at most; 0: none, and the file goes */
	uint32_t days; /* older ones are overwritten; 0: any age */
};
static_assert(sizeof(struct sluice_accounting_keep) == 8, "accounting keep");

/* SLUICE_ACCOUNTING_REDIS_SET -> {}: 1: each is published in the Redis of this node's region. */
struct sluice_accounting_redis {
	uint32_t on;
};
static_assert(sizeof(struct sluice_accounting_redis) == 4, "accounting redis");

#define SLUICE_ACCOUNTING_URL_MAX   256
#define SLUICE_ACCOUNTING_TOKEN_MAX 256

/* SLUICE_ACCOUNTING_WEBHOOK_SET -> {}: each is posted there, in JSON. -EINVAL. */
struct sluice_accounting_webhook {
	char url[SLUICE_ACCOUNTING_URL_MAX];     /* "off": none */
	char token[SLUICE_ACCOUNTING_TOKEN_MAX]; /* empty: none */
};
static_assert(sizeof(struct sluice_accounting_webhook) == 512, "accounting webhook");

/* SLUICE_ACCOUNTING_SHOW -> rows, one for each place where accounts go. */
struct sluice_accounting_row {
	char to[16];
	uint32_t on;
	uint32_t waiting; /* accounts, for somebody who is away */
	uint64_t told;    /* accounts */
	uint64_t lost;    /* accounts: refused, or no room to wait in */
};
static_assert(sizeof(struct sluice_accounting_row) == 40, "accounting row");

/* SLUICE_ALLOCATION_HISTORY -> rows of sluice_allocation_account: those that are kept, the oldest
 * first, then those that live. Empty and zero: any. */
struct sluice_allocation_history {
	struct sluice_addr relayed;           /* port 0: any port of it */
	struct sluice_addr client;            /* port 0: any port of it */
	char user[SLUICE_TURN_USER_KEPT_MAX]; /* with or without its time */
	uint32_t pad;
	uint64_t at;    /* Unix time: that lived then */
	uint64_t since; /* Unix time: that lived then or later */
};
static_assert(sizeof(struct sluice_allocation_history) == 112, "allocation history");

#endif
