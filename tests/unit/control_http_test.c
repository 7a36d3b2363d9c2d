/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands over HTTP: what reaches the dataplane, what comes back, who may ask for what, and the
 * description of it all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control_fixture.h"

#include "command/command.h"
#include "http/served.h"

#include <sluice/port.h>
#include <sluice/turn.h>

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static void expect(struct control *control, const char *method, const char *token, const char *body,
                   int status, const char *said)
{
	int got = control_http(control, method, token, body);

	if (got != status || strstr(control->said, said) == NULL)
		fail_msg("%s %s: %d %s, wanted %d %s", method, body != NULL ? body : "", got,
		         control->said, status, said);
}

static void a_command_reaches_the_dataplane(void **state)
{
	struct control *control = *state;
	const struct sluice_turn_user *user;

	expect(control, "POST /v1/turn/user/add", "all", "{\"name\":\"ann\",\"password\":\"a b\"}",
	       200, "{}");
	user = dataplane_asked(control, SLUICE_TURN_USER_ADD);
	assert_non_null(user);
	assert_string_equal(user->name, "ann");
	assert_string_equal(user->password, "a b");
	assert_int_equal(control_do(control, "config show secrets"), 0);
	assert_non_null(strstr(control->said, "turn user add ann password \\\"a b\\\""));
	assert_true(control_logged(control, "token "));
	assert_true(control_logged(control, "turn user add ann password ********: done"));
	assert_false(control_logged(control, "a b"));
}

/* What the dataplane refuses is no line of the configuration, and HTTP has a status for it. */
static void a_refusal_has_a_status(void **state)
{
	static const struct {
		int error, status;
		const char *name;
	} rows[] = {
	        {-EINVAL, 400, "EINVAL"}, {-EPERM, 403, "EPERM"},
	        {-ENOENT, 404, "ENOENT"}, {-ENODEV, 404, "ENODEV"},
	        {-EEXIST, 409, "EEXIST"}, {-EBUSY, 409, "EBUSY"},
	        {-ENOSPC, 507, "ENOSPC"}, {-EOPNOTSUPP, 501, "EOPNOTSUPP"},
	        {-EIO, 500, "EIO"},
	};
	struct control *control = *state;
	char wanted[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		dataplane_refuses(control, SLUICE_TURN_USER_ADD, rows[i].error, "not today");
		dataplane_refuses(control, SLUICE_PORT_SHOW, rows[i].error, "not today");
		snprintf(wanted, sizeof(wanted), "\"errno\":\"%s\"", rows[i].name);
		for (int n = 0; n < 2; n++) {
			if (n == 0)
				expect(control, "POST /v1/port/show", "all", NULL, rows[i].status,
				       wanted);
			else
				expect(control, "POST /v1/turn/user/add", "all",
				       "{\"name\":\"ann\",\"password\":\"p\"}", rows[i].status,
				       wanted);
			assert_non_null(strstr(control->said, "not today"));
		}
	}
	assert_int_equal(control_do(control, "config show"), 0);
	assert_null(strstr(control->said, "ann"));
}

static void rows_come_as_they_are_shown(void **state)
{
	struct sluice_port_row row = {.name = "dp0", .state = SLUICE_PORT_DOWN, .mtu = 1500};
	struct control *control = *state;
	json_t *rows;

	expect(control, "POST /v1/port/show", "reads", NULL, 200, "[]");
	dataplane_answers(control, SLUICE_PORT_SHOW, 0, &row, sizeof(row))->times = 60;
	expect(control, "POST /v1/port/show", "reads", "{}", 200, "\"name\":\"dp0\"");
	rows = json_loads(control->said, 0, NULL);
	assert_int_equal(json_array_size(rows), 60);
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 59), "state")),
	                    "down");
	json_decref(rows);
	assert_int_equal(control_do(control, "port show"), 0);
	assert_non_null(strstr(control->said, "dp0"));
}

static void a_warning_comes_through(void **state)
{
	static const char warning[] = "no interface has it";
	struct control *control = *state;

	dataplane_answers(control, SLUICE_TURN_LISTEN_ADD, 0, warning, sizeof(warning) - 1)->flags =
	        SLUICE_API_WARNING;
	expect(control, "POST /v1/turn/listen", "all", "{\"address\":\"198.18.1.44:3478\"}", 200,
	       "\"warning\":\"no interface has it\"");
	assert_int_equal(control_do(control, "turn listen 198.18.1.45:3478"), 0);
	assert_non_null(strstr(control->said, warning));
}

/* What signalling adds of media is state of a call: the dataplane's, and no line that is replayed.
 */
static void media_over_http_are_state(void **state)
{
	static const char body[] =
	        "{\"name\":\"cam\",\"remote\":\"198.18.1.2:5000\",\"local\":\"198.18.1.1:5000\","
	        "\"profile\":\"gcm128\",\"rx-key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\","
	        "\"tx-key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQ==\"}";
	struct control *control = *state;
	uint32_t flags = SLUICE_API_CONFIGURATION;

	expect(control, "POST /v1/endpoint/add", "all", body, 200, "{}");
	assert_non_null(dataplane_asked(control, SLUICE_ENDPOINT_ADD));
	for (uint32_t i = 0; i < control->n_asked; i++)
		if (control->asked[i].type == SLUICE_ENDPOINT_ADD)
			flags = control->asked[i].flags;
	assert_int_equal(flags & (SLUICE_API_CONFIGURATION | SLUICE_API_REPLAYED), 0);
	assert_int_equal(control_do(control, "config show"), 0);
	assert_null(strstr(control->said, "endpoint add"));
	assert_int_equal(control_do(control, "stream add video endpoint cam"), 0);
	assert_int_equal(control_do(control, "config show"), 0);
	assert_non_null(strstr(control->said, "stream add video"));
	expect(control, "POST /v1/endpoint/delete", "all", "{\"name\":\"cam\"}", 200, "{}");
}

static void what_is_refused_before_it_is_sent(void **state)
{
	static const struct {
		const char *method, *token, *body;
		int status;
		const char *said;
	} rows[] = {
	        {"POST /v1/port/show", NULL, NULL, 401, "error"},
	        {"POST /v1/port/show", "wrong", NULL, 401, "error"},
	        {"POST /v1/port/show", "streams", NULL, 403, "error"},
	        {"GET /v1/port/show", "all", NULL, 405, "error"},
	        {"POST /v1/nothing", "all", NULL, 404, "openapi.json"},
	        {"POST /v1/quit", "all", NULL, 404, "openapi.json"},
	        {"POST /v1/events", "all", NULL, 404, "openapi.json"},
	        {"POST /v1/config/save", "all", NULL, 404, "openapi.json"},
	        {"POST /v1/version", "all", "{", 400, "no JSON"},
	        {"POST /v1/version", "all", "[]", 400, "error"},
	        {"POST /v1/turn/user/add", "all", "{\"name\":\"x\"}", 400, "password"},
	        {"POST /v1/turn/user/add", "all", "{\"name\":\"x\",\"name\":\"y\"}", 400,
	         "no JSON"},
	        {"POST /v1/turn/user/add", "all", "{\"name\":\"x\",\"password\":\"y\",\"more\":1}",
	         400, "more"},
	        {"POST /v1/turn/relay", "all", "{\"address\":\"198.18.2.300\",\"ports\":\"1-2\"}",
	         400, "ADDRESS"},
	        {"POST /v1/port/add", "all", "{\"name\":\"p\",\"vdev\":\"net_pcap0\"}", 403,
	         "sluicectl on the host"},
	        {"POST /v1/turn/user/add", "reads", "{\"name\":\"x\",\"password\":\"y\"}", 403,
	         "scope admin"},
	        {"POST /v1/config/show", "reads", "{\"secrets\":true}", 403, "secrets need"},
	        {"POST /v1/trace", "reads", "{}", 403, "scope admin"},
	        {"POST /v1/node/drain", "reads", "{}", 403, "scope admin"},
	};
	struct control *control = *state;

	dataplane_forget(control);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect(control, rows[i].method, rows[i].token, rows[i].body, rows[i].status,
		       rows[i].said);
	assert_int_equal(dataplane_was_asked(control, SLUICE_TURN_USER_ADD), 0);
	assert_int_equal(dataplane_was_asked(control, SLUICE_PORT_ADD), 0);
	assert_int_equal(dataplane_was_asked(control, SLUICE_TRACE), 0);
	expect(control, "POST /v1/config/show", "reads", "{}", 200, "turn realm sluice");
}

static void without_a_dataplane(void **state)
{
	struct control *control = *state;

	dataplane_away(control);
	expect(control, "POST /v1/port/show", "all", NULL, 503, "does not answer");
	expect(control, "POST /v1/version", "all", NULL, 200, "sluice-controlplane");
	expect(control, "POST /v1/config/show", "all", NULL, 200, "turn realm sluice");
	expect(control, "GET /healthz", NULL, NULL, 200, "ok");
	/* A change waits for nobody: it is a line, and in force when the dataplane is back; or it
	 * is refused. */
	if (control_do(control, "turn user add late password p") == 0) {
		dataplane_back(control);
		control_await(control, dataplane_was_asked(control, SLUICE_TURN_USER_ADD) > 0);
	} else {
		assert_int_equal(control->status, -EHOSTDOWN);
		dataplane_back(control);
	}
	control_await(control, control_http(control, "POST /v1/port/show", "all", NULL) == 200);
}

static void another_version_is_told(void **state)
{
	struct control *control = *state;
	struct sluice_version version = {
	        .api = SLUICE_API_VERSION, .program = "sluice-dataplane", .version = "9.9"};

	dataplane_answers(control, SLUICE_VERSION, 0, &version, sizeof(version));
	expect(control, "POST /v1/version", "reads", NULL, 200, "\"9.9\"");
	assert_non_null(strstr(control->said, "sluice-controlplane"));
}

static json_t *operation_of(const json_t *openapi, const char *path)
{
	return json_object_get(json_object_get(json_object_get(openapi, "paths"), path), "post");
}

static const json_t *schema_of(const json_t *openapi, const char *path)
{
	const json_t *content = json_object_get(
	        json_object_get(operation_of(openapi, path), "requestBody"), "content");

	return json_object_get(json_object_get(content, "application/json"), "schema");
}

static const char *scope_of(const json_t *openapi, const char *path)
{
	const json_t *needs =
	        json_array_get(json_object_get(operation_of(openapi, path), "security"), 0);

	return json_string_value(json_array_get(json_object_get(needs, "token"), 0));
}

static void each_command_is_described(void **state)
{
	const struct command *command = NULL;
	struct control *control = *state;
	size_t described = 0;
	json_t *openapi;

	expect(control, "GET /v1/openapi.json", "reads", NULL, 200, "\"openapi\"");
	openapi = json_loads(control->said, 0, NULL);
	assert_non_null(openapi);
	while ((command = command_next(command)) != NULL) {
		char path[128] = "/v1/";

		command_path(command, path + strlen(path), sizeof(path) - strlen(path));
		for (char *at = path; *at != '\0'; at++)
			*at = *at == ' ' ? '/' : *at;
		if (http_has_command(command) != (operation_of(openapi, path) != NULL))
			fail_msg("%s", path);
		described += http_has_command(command);
	}
	assert_int_equal(json_object_size(json_object_get(openapi, "paths")), described);
	/* the name; a password or a key */
	assert_int_equal(json_array_size(json_object_get(schema_of(openapi, "/v1/turn/user/add"),
	                                                 "required")),
	                 1);
	assert_int_equal(
	        json_array_size(json_object_get(schema_of(openapi, "/v1/turn/user/add"), "oneOf")),
	        2);
	assert_null(json_object_get(
	        json_object_get(schema_of(openapi, "/v1/port/add"), "properties"), "vdev"));
	assert_non_null(json_object_get(schema_of(openapi, "/v1/port/add"), "oneOf"));
	assert_string_equal(scope_of(openapi, "/v1/port/show"), "read");
	assert_string_equal(scope_of(openapi, "/v1/trace"), "admin");
	assert_string_equal(scope_of(openapi, "/v1/node/drain"), "admin");
	json_decref(openapi);
}

/* A listener and tokens that come and go; the file is written, and read by who comes next. */
static void it_is_configured_at_run_time(void **state)
{
	struct control *control = *state;

	assert_int_equal(control_do(control, "http token add more scope read"), 0);
	expect(control, "POST /v1/version", "more", NULL, 200, "sluice");
	assert_int_equal(control_do(control, "config save"), 0);
	control_restart(control, SIGTERM);
	expect(control, "POST /v1/version", "more", NULL, 200, "sluice");
	assert_int_equal(control_do(control, "http token delete more"), 0);
	expect(control, "POST /v1/version", "more", NULL, 401, "error");
	assert_int_equal(control_do(control, "http listen 192.0.2.1:80"), -EADDRNOTAVAIL);
	assert_int_equal(control_do(control, "http show"), 0);
	assert_non_null(strstr(control->said, "\"requests\""));
	control_restart(control, SIGKILL);
	expect(control, "POST /v1/version", "more", NULL, 200, "sluice");
}

static void metrics_are_collected(void **state)
{
	struct control *control = *state;

	expect(control, "GET /metrics", "reads", NULL, 200, "sluice_dataplane_up 1");
	assert_non_null(strstr(control->said, "sluice_turn_allocations_max 1000"));
	dataplane_away(control);
	control_await(control, control_http(control, "GET /metrics", "reads", NULL) == 200 &&
	                               strstr(control->said, "sluice_dataplane_up 0") != NULL);
}

/* libevent writes to sockets that the far end has closed. */
static void a_broken_pipe_ends_nothing(void **state)
{
	struct control *control = *state;

	kill(control->pid, SIGPIPE);
	expect(control, "GET /healthz", NULL, NULL, 200, "");
}

/* A dataplane that outlived the control plane may hold a key that no line names any more. */
static void certificates_without_a_line_go(void **state)
{
	struct control *control = *state;
	const struct sluice_turn_certificate_put *put;

	control_await(control, dataplane_was_asked(control, SLUICE_TURN_CERTIFICATE_PUT) == 1);
	put = dataplane_asked(control, SLUICE_TURN_CERTIFICATE_PUT);
	assert_int_equal(put->index, 0);
	assert_int_equal(put->count, 0);
}

#define CONTROL_TEST(name) cmocka_unit_test_setup_teardown(name, control_setup, control_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CONTROL_TEST(a_command_reaches_the_dataplane),
	        CONTROL_TEST(a_refusal_has_a_status),
	        CONTROL_TEST(rows_come_as_they_are_shown),
	        CONTROL_TEST(a_warning_comes_through),
	        CONTROL_TEST(media_over_http_are_state),
	        CONTROL_TEST(what_is_refused_before_it_is_sent),
	        CONTROL_TEST(without_a_dataplane),
	        CONTROL_TEST(another_version_is_told),
	        CONTROL_TEST(each_command_is_described),
	        CONTROL_TEST(it_is_configured_at_run_time),
	        CONTROL_TEST(metrics_are_collected),
	        CONTROL_TEST(a_broken_pipe_ends_nothing),
	        CONTROL_TEST(certificates_without_a_line_go),
	};

	return cmocka_run_group_tests_name("control_http", tests, NULL, NULL);
}
