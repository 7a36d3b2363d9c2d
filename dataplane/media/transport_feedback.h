/* SPDX-License-Identifier: BSD-3-Clause */
/* What publishers are told of the arrival of all that they send, and what we take their path to
 * carry. A worker has its endpoints that have to be told in order of time. */
#ifndef MEDIA_TRANSPORT_FEEDBACK_H
#define MEDIA_TRANSPORT_FEEDBACK_H

#include "media/receive.h"

/* Many packets are told soon, few of them together. */
#define TRANSPORT_FEEDBACK_MS      50
#define TRANSPORT_FEEDBACK_FEW_MS  100
#define TRANSPORT_FEEDBACK_FEW     8    /* packets in the time of few */
#define TRANSPORT_FEEDBACK_WAITING 4096 /* endpoints of a worker; power of two */

struct transport_waiting {
	uint32_t head, tail;
	struct {
		uint32_t endpoint;
		uint64_t due; /* TSC */
	} list[TRANSPORT_FEEDBACK_WAITING];
};

struct transport_record;

/* Control thread: of an endpoint that has agreed to it. NULL: no memory. */
struct transport_record *transport_record_create(bool estimate);
void transport_record_destroy(struct transport_record *record);

/* Control thread; NULL is allowed: the endpoint is told no bound, and what it was told is taken
 * back. */
void transport_set_off(struct transport_record *record, bool off);

struct sluice_session_row;

void transport_estimate_show(const struct transport_record *record, struct sluice_session_row *row);
void transport_show(const struct transport_record *record, struct sluice_endpoint_row *row);
/* The endpoint's owner; NULL is allowed: what its path has proven is another one's. */
void transport_moved(struct transport_record *record, const struct worker *worker);

/* The endpoint's owner, of each packet that has authenticated and has a transport-wide number;
 * without a source where it is of no stream. */
void transport_received(struct media_worker *media_worker, const struct received *received);
/* Housekeeping: what is due goes out, a bounded number of endpoints each call. */
void transport_feedback_run(struct media_worker *media_worker);

#endif
