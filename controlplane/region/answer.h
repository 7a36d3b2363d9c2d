/* SPDX-License-Identifier: BSD-3-Clause */
/* The answer of GET /v1/steer, as JSON. */
#ifndef REGION_ANSWER_H
#define REGION_ANSWER_H

#include "region/choice.h"
#include "region/credential.h"

#define ANSWER_MAX     2048
#define ANSWER_SESSION 128 /* bytes of a session's name */

/* 1 to ANSWER_SESSION printable ASCII characters without a space, " and \. */
bool session_is_valid(const char *session, size_t length);

struct answer {
	const struct snapshot *snapshot;
	const struct snapshot_node *node;
	const char *session; /* that is valid */
	size_t length;
	const struct credential_key *key; /* NULL: clients have credentials of their own */
	uint64_t expires;                 /* of the credentials, seconds since 1970 */
	uint64_t age_ms;
};

/* {"session", "node", "region", "addresses", "iceServers", "generation", "age_ms"}. Its length, or
 * -EMSGSIZE. */
int answer_write(const struct answer *answer, char *text, size_t room);

#endif
