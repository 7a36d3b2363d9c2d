/* SPDX-License-Identifier: BSD-3-Clause */
#include "api_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <rte_eal.h>

#include <sluice/capture.h>
#include <sluice/log.h>
#include <sluice/port.h>
#include <sluice/session.h>
#include <sluice/stats.h>
#include <sluice/turn.h>

#include "api/api.h"
#include "common/request.h"
#include "dataplane.h"
#include "gate/gate.h"
#include "graph/node.h"
#include "srtp/engine.h"
#include "turn/state.h"

struct answer answer;

int fixture_make(void **state)
{
	static struct fixture fixture;
	struct options options;
	char *args[] = {"test", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry",
	                "-m",   "512",       "-l",          "0",        "--log-level=3"};

	if (rte_eal_init(RTE_DIM(args), args) < 0)
		return -1;
	options_default(&options);
	fixture.dp = dataplane_create(&options, NULL);
	*state = &fixture;
	return fixture.dp != NULL ? 0 : -1;
}

int fixture_free(void **state)
{
	struct fixture *fixture = *state;

	dataplane_destroy(fixture->dp);
	return 0;
}

void answer_take(void *arg, const struct seqpacket_record *reply)
{
	assert_false(answer.ended);
	assert_in_range(reply->header.version, SLUICE_API_VERSION_OLDEST, SLUICE_API_VERSION);
	answer.version = reply->header.version;
	assert_true(reply->header.length <= sizeof(reply->body));
	assert_true(answer.length + reply->header.length <= sizeof(answer.body));
	memcpy(answer.body + answer.length, reply->body, reply->header.length);
	answer.length += reply->header.length;
	answer.status = reply->header.status;
	answer.replies++;
	answer.ended = !(reply->header.flags & SLUICE_API_MORE);
	if (arg != NULL)
		assert_int_equal(reply->header.id, *(uint32_t *)arg);
}

void ask(struct fixture *fixture, uint16_t type, uint32_t flags, const void *body, uint32_t length)
{
	struct seqpacket_record request = {
	        .header = {SLUICE_API_VERSION, type, 77, 0, flags, length},
	};
	uint32_t id = 77;

	memset(&answer, 0, sizeof(answer));
	memcpy(request.body, body, length);
	api_handle(fixture->dp, &request, sizeof(request.header) + length, answer_take, &id);
	assert_true(answer.ended);
}

void asks(struct fixture *fixture, uint16_t type, const void *body, uint32_t length, int status)
{
	ask(fixture, type, 0, body, length);
	if (answer.status != status)
		fail_msg("0x%04x: %d: %.*s", type, answer.status, (int)answer.length, answer.body);
}
