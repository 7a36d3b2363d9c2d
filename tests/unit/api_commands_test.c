/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands as sluicectl would send them to a dataplane, in this order: what becomes of each, and
 * what is shown then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "api/api.h"
#include "rig.h"

#include "command/command.h"
#include "command/printer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define R28   "a-realm-of-twenty-eight-byte"
#define R48   "turn.a-long-name-of-a-service.forty-eight.letter"
#define KEY28 "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nw=="
#define KEY30 "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5"
#define ALICE "endpoint add alice remote 198.18.1.2:6000 local 198.18.1.1:5000 profile gcm128"

struct row {
	const char *line;
	int status;
	const char
	        *said; /* somewhere in the answer, in JSON, or in what was wrong; NULL: whatever */
};

static const struct row turn_rows[] = {
        {"turn realm turn.example.org", 0, "the third time, after 1.5 s"},
        {"turn realm " R48 "x", 0, "the fourth time, after 3.5 s"},
        {"turn realm " R48 R48 R28, 0, "the fifth time, after 7.5 s"},
        {"turn realm sluice", 0, NULL},
        /* by whichever listener a client comes */
        {"turn realm add " R48 "x", 0, "the fourth time, after 3.5 s"},
        {"turn realm add acme", 0, NULL},
        {"turn listen 198.18.1.1:3478", 0, NULL},
        {"turn listen 198.18.1.1:3478", 0, NULL},
        {"turn listen [2001:2:0:1::1]:3478 announce 2001:db8::1", 0, NULL},
        {"turn listen show", 0, "198.18.1.1:3478"},
        {"turn relay 198.18.2.1 ports 50000-50999,60000-60999", 0, NULL},
        {"turn relay 198.18.2.1 ports 50000-50099 announce 203.0.113.1", 0, NULL},
        {"turn relay show", 0, "50000-50099"},
        {"turn relay 198.18.1.1 ports 3000-4000", -EINVAL, "3000-4000"},
        {"turn user add ann password x", 0, NULL},
        {"turn user add ann password x", 0, NULL}, /* asked for with EXIST_OK */
        {"turn user add bob password y", 0, NULL},
        {"turn secret add north", 0, NULL},
        {"turn secret add south", 0, NULL},
        {"turn secret delete south", 0, NULL},
        {"turn secret delete south", -ENOENT, NULL},
        {"turn peer allow 198.18.0.0/15", 0, NULL},
        {"turn peer deny 198.18.7.0/24", 0, NULL},
        {"turn peer delete 198.18.7.0/24", 0, NULL},
        {"turn peer delete 198.18.7.0/24", -ENOENT, NULL},
        {"turn lifetime max 7200", 0, NULL},
        {"turn quota user 3 host 100 max-bps 1000000", 0, NULL},
        {"turn show", 0, "\"realm\":\"sluice\""},
        {"turn show", 0, "\"users\":2"},
        {"turn user add ann password z realm acme", 0, NULL},
        {"turn show", 0, "\"users\":3"},
        {"turn user add ann password z realm sluice", -ENOENT, "leave `realm` out"},
        {"turn show", 0, "\"quota_user\":3"},
        {"allocation show", 0, "[]"},
        {"allocation show user ann", 0, "[]"},
        {"allocation delete 7", -ENOENT, NULL},
        {"turn user delete bob", 0, NULL},
        {"turn user delete bob", -ENOENT, NULL},
        {"turn user delete ann end", 0, NULL},
        {"turn listen delete 198.18.1.1:3478", 0, NULL},
        {"turn listen delete 198.18.1.1:3478", -ENOENT, NULL},
        {"turn relay delete 198.18.2.1", 0, NULL},
        {"turn relay delete 198.18.2.1", -ENOENT, NULL},
};

static const struct row media_rows[] = {
        {ALICE " rx-key " KEY28 " tx-key " KEY28, 0, NULL},
        {ALICE " rx-key " KEY30 " tx-key " KEY30, -EINVAL, NULL}, /* a key of another size */
        {"endpoint add bob remote learn local 198.18.1.1:5002 profile cm80 rx-key " KEY30
         " tx-key " KEY30,
         0, NULL},
        {"endpoint show", 0, "\"name\":\"bob\""},
        {"stream add voice endpoint alice ssrc 1111 clock 48000", 0, NULL},
        {"stream add voice endpoint alice ssrc 1112", -EEXIST, NULL},
        {"stream add film endpoint alice", 0, NULL},
        {"stream add x endpoint nobody", -ENOENT, "nobody"},
        {"stream show", 0, "\"ssrc\":1111"},
        {"subscription add voice to bob ssrc 7 pt 100", 0, NULL},
        {"subscription add voice to bob", -EEXIST, NULL},
        {"subscription add nothing to bob", -ENOENT, "nothing"},
        {"subscription show", 0, "\"stream\":\"voice\""},
        {"subscription pause voice to bob", 0, NULL},
        {"subscription show", 0, "\"paused\":1"},
        {"subscription resume voice to bob", 0, NULL},
        {"subscription switch voice to bob source film", 0, NULL},
        {"subscription switch voice to bob source nothing", -ENOENT, NULL},
        {"media show", 0, "\"subscriptions\":1"},
        {"subscription delete voice to bob", 0, NULL},
        {"subscription delete voice to bob", -ENOENT, NULL},
        {"stream delete film", 0, NULL},
        {"stream delete film", -ENOENT, NULL},
        {"endpoint delete alice", 0, NULL},
        {"stream show", 0, "[]"},
        {"endpoint delete alice", -ENOENT, NULL},
};

static const struct row host_rows[] = {
        {"version", 0, "sluice-dataplane"},
        {"port show", 0, "\"state\":\"up\""},
        {"port delete nobody", -ENOENT, "nobody"},
        {"port add x xdp nowhere", -ENODEV, "nowhere"},
        {"worker show", 0, "\"id\":0"},
        {"worker poll busy", 0, NULL},
        {"worker show", 0, "busy"},
        {"worker poll adaptive", 0, NULL},
        {"graph show", 0, "\"node\":\"classify\""},
        {"pool show", 0, "\"size\""},
        {"counter show", 0, "turn.allocate_success"},
        {"counter show nonzero", 0, NULL},
        {"capture show", 0, "[]"},
        {"trace count 1 seconds 1", 0, "[]"},
        {"trace reason nothing", -EINVAL, "nothing"},
        {"ledger show", 0, "[]"},
        {"ledger status", 0, "\"found\""},
};

/* Browsers: where they are served, and what there is of them. */
static const struct row session_rows[] = {
        {"webrtc listen 198.18.1.1:3478", 0, NULL},
        {"webrtc listen 198.18.1.9:3478 announce 203.0.113.1", 0, NULL},
        {"webrtc listen show", 0, "198.18.1.1:3478"},
        {"webrtc listen show", 0, "203.0.113.1"},
        {"webrtc listen delete 198.18.1.9:3478", 0, NULL},
        {"webrtc listen delete 198.18.1.9:3478", -ENOENT, NULL},
        {"session show", 0, "[]"},
        {"session delete AAAA", -ENOENT, "AAAA"},
        {"media show", 0, "\"sessions_max\":4"},
};

/* A dataplane that serves no media says so, and lists nothing. */
static const struct row bare_rows[] = {
        {ALICE " rx-key " KEY28 " tx-key " KEY28, -EOPNOTSUPP, "--max-endpoints 0"},
        {"endpoint delete alice", -EOPNOTSUPP, "--max-endpoints 0"},
        {"endpoint show", 0, "[]"},
        {"stream add voice endpoint alice", -EOPNOTSUPP, "--max-endpoints 0"},
        {"stream delete voice", -EOPNOTSUPP, NULL},
        {"stream show", 0, "[]"},
        {"subscription add voice to bob", -EOPNOTSUPP, NULL},
        {"subscription delete voice to bob", -EOPNOTSUPP, NULL},
        {"subscription pause voice to bob", -EOPNOTSUPP, NULL},
        {"subscription show", 0, "[]"},
        {"media show", 0, "\"endpoints_max\":0"},
        {"webrtc listen 198.18.1.1:3478", -EOPNOTSUPP, "--max-sessions 0"},
        {"webrtc listen delete 198.18.1.1:3478", -EOPNOTSUPP, "--max-sessions 0"},
        {"webrtc listen show", 0, "[]"},
        {"session show", 0, "[]"},
        {"session delete AAAA", -EOPNOTSUPP, "--max-sessions 0"},
        {"counter show", 0, "turn.allocate_success"},
};

static FILE *out;
static char *said;
static size_t said_length;
static int status;

static void answer_take(void *arg, const struct seqpacket_record *reply)
{
	struct printer *printer = arg;

	status = reply->header.status;
	if (status != 0 || reply->header.flags & SLUICE_API_WARNING)
		fprintf(out, "%.*s", (int)reply->header.length, (const char *)reply->body);
	else if (printer->reply != NULL)
		printer_rows(printer, reply->body, reply->header.length / printer->reply->row_size);
}

static void row_run(struct dataplane *dp, const struct row *row)
{
	static struct seqpacket_record record;
	struct command_request request;
	struct command_error error;
	struct printer printer;

	if (command_parse(row->line, &request, &error) != 0)
		fail_msg("%s: expected %s", row->line, error.text);
	record.header = (struct sluice_api_header){
	        .version = SLUICE_API_VERSION,
	        .type = request.command->type,
	        .id = 1,
	        .flags = command_asks(request.command)->exist_ok ? SLUICE_API_EXIST_OK : 0,
	        .length = request.length,
	};
	memcpy(record.body, request.body.bytes, request.length);
	out = open_memstream(&said, &said_length);
	printer_begin(&printer, out, true, command_asks(request.command)->reply);
	api_handle(dp, &record, sizeof(record.header) + request.length, answer_take, &printer);
	printer_end(&printer, status == 0);
	fclose(out);
	if (status != row->status)
		fail_msg("%s: %s: %s", row->line, strerror(-status), said);
	if (row->said != NULL && strstr(said, row->said) == NULL)
		fail_msg("%s: %s", row->line, said);
	free(said);
}

static struct rig rig;

static int rig_up(void **state)
{
	struct options options;

	options_default(&options);
	options.max_allocations = 100;
	options.max_endpoints = 16;
	options.max_streams = 16;
	options.max_subscriptions = 16;
	options.max_sessions = 4;
	return rig_create(&rig, &options);
}

static int rig_down(void **state)
{
	rig_destroy(&rig);
	return 0;
}

static void rows_run(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		row_run(rig.dp, &rows[i]);
}

#define ROWS_TEST(name)                                                                            \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		rows_run(name##_rows, sizeof(name##_rows) / sizeof(name##_rows[0]));               \
	}
ROWS_TEST(turn)
ROWS_TEST(media)
ROWS_TEST(host)
ROWS_TEST(session)

/* What the documentation says of a dataplane that is told nothing. */
static void test_defaults(void **state)
{
	struct options options;

	options_default(&options);
	assert_int_equal(options.max_channels_per_allocation, 512);
}

static void test_bare(void **state)
{
	struct options options;
	struct dataplane *dp;

	options_default(&options);
	options.mbufs = 1023;
	rig_destroy(&rig);
	dp = dataplane_create(&options, NULL);
	assert_non_null(dp);
	for (size_t i = 0; i < sizeof(bare_rows) / sizeof(bare_rows[0]); i++)
		row_run(dp, &bare_rows[i]);
	dataplane_destroy(dp);
	assert_int_equal(rig_up(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_turn), cmocka_unit_test(test_media),
	        cmocka_unit_test(test_host), cmocka_unit_test(test_session),
	        cmocka_unit_test(test_bare), cmocka_unit_test(test_defaults),
	};

	if (rig_eal("api_commands", 512, false) != 0)
		return 1;
	return cmocka_run_group_tests_name("api_commands", tests, rig_up, rig_down);
}
