/* SPDX-License-Identifier: BSD-3-Clause */
/* A Redis that asks for TLS, for a certificate of ours, and for a user of its access list. */
#include "redis/redis.h"
#include "redis/tls.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "port_find.h"
#include "redis_scene.h"

/* What docs/configuration.md asks for, and nothing else. */
static const char acl[] =
        "user default off\n"
        "user media on >sesame ~sluice:* ~turn/* &sluice:* &turn/* -@all +ping +select +role "
        "+time +hset +hmget +pexpire +zadd +zrangebyscore +zremrangebyscore +get +set "
        "+srandmember +publish +subscribe\n"
        "user guest on nopass ~guest:* -@all +ping +role +get\n";

static void certificate_make(const char *name, const char *authority, const char *extensions,
                             const char *days)
{
	scene_shell("cd %s && openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
	            "-subj /CN=%s -keyout %s.key -out %s.csr 2>/dev/null && printf '%s' >%s.ext && "
	            "openssl x509 -req -in %s.csr -CA %s.pem -CAkey %s.key -CAcreateserial "
	            "-days %s -extfile %s.ext -out %s.pem 2>/dev/null",
	            scene.folder, name, name, name, extensions, name, name, authority, authority,
	            days, name, name);
}

static void authority_make(const char *name)
{
	scene_shell("cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
	            "-days 2 -subj /CN=%s -keyout %s.key -out %s.pem 2>/dev/null",
	            scene.folder, name, name, name);
}

static int secure_begin(void **state)
{
	FILE *file;
	char path[64];

	scene_begin(state);
	authority_make("ca");
	authority_make("other");
	certificate_make("server", "ca", "subjectAltName=DNS:redis.test,IP:127.0.0.1", "2");
	certificate_make("client", "ca", "extendedKeyUsage=clientAuth", "2");
	snprintf(path, sizeof(path), "%s/users.acl", scene.folder);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fputs(acl, file) >= 0, 1);
	fclose(file);
	return 0;
}

/* asks: "yes", "no" or "optional": for a certificate of ours. Files are below the folder, where it
 * goes at its start. */
static uint16_t tls_start(const char *asks)
{
	uint16_t port = port_find();
	char text[8];
	const char *const words[] = {"--bind",
	                             "127.0.0.1",
	                             "--save",
	                             "",
	                             "--tls-port",
	                             text,
	                             "--tls-cert-file",
	                             "server.pem",
	                             "--tls-key-file",
	                             "server.key",
	                             "--tls-ca-cert-file",
	                             "ca.pem",
	                             "--tls-auth-clients",
	                             asks,
	                             "--aclfile",
	                             "users.acl",
	                             "--port",
	                             "0",
	                             NULL};

	snprintf(text, sizeof(text), "%u", port);
	scene_start(0, words);
	return port;
}

static void file_set(char *field, const char *name)
{
	snprintf(field, SLUICE_REDIS_FILE_MAX, "%s/%s", scene.folder, name);
}

static struct redis_options tls_options(uint16_t port, struct seen *seen)
{
	struct redis_options options = scene_options(port, seen);

	options.region.tls = 1;
	file_set(options.region.ca, "ca.pem");
	file_set(options.region.cert, "client.pem");
	file_set(options.region.key, "client.key");
	snprintf(options.region.user, sizeof(options.region.user), "media");
	snprintf(options.region.password, sizeof(options.region.password), "sesame");
	return options;
}

/* Comes up, and a command is answered with this type. */
static void asks_well(const struct redis_options *options, struct seen *seen, const char *key,
                      int type)
{
	struct redis *redis = redis_create(options);
	struct seen value = {0};

	if (!scene_wait(&seen->up, PATIENCE_MS))
		fail_msg("it does not come up: %s", redis_why(redis));
	assert_int_equal(redis_ask(redis, NULL, on_reply, &value, "GET %s", key), 0);
	assert_true(scene_wait(&value.done, PATIENCE_MS));
	assert_int_equal(value.status, type);
	redis_destroy(redis);
}

static void is_refused(const struct redis_options *options, const char *why)
{
	struct seen *seen = options->arg;
	struct redis *redis = redis_create(options);

	scene_wait_why(redis, why);
	assert_false(seen->up);
	redis_destroy(redis);
}

/* By the alert that its server's TLS makes of it, or by the end that comes behind that. */
static void plain_is_refused(const struct redis_options *options)
{
	static const char *const whys[] = {"Connection reset by peer", "that is no Redis",
	                                   "it closed the connection"};
	const struct seen *seen = options->arg;
	struct redis *redis = redis_create(options);
	bool never = false, is_one = false;

	for (int i = 0; i < PATIENCE_MS / 50 && !is_one; i++) {
		scene_wait(&never, 50);
		for (size_t j = 0; j < sizeof(whys) / sizeof(whys[0]); j++)
			is_one = is_one || strstr(redis_why(redis), whys[j]) != NULL;
	}
	if (!is_one)
		fail_msg("it says \"%s\"", redis_why(redis));
	assert_false(seen->up);
	redis_destroy(redis);
}

static void with_certificates_and_a_user(void **state)
{
	struct seen seen = {0};
	struct redis_options options = tls_options(tls_start("yes"), &seen);

	asks_well(&options, &seen, "turn/realm/a/user/b/key", REDIS_REPLY_NIL);
	seen = (struct seen){0};
	/* The name that it is said to have, though an address is connected to. */
	snprintf(options.region.server, sizeof(options.region.server), "redis.test.");
	asks_well(&options, &seen, "turn/x", REDIS_REPLY_NIL);
}

/* All that fleet/, users/ and accounting/ ask. */
static void its_rights_are_enough(void **state)
{
	static const char *const commands[] = {
	        "TIME",
	        "HSET sluice:{a}:node:x seq 1",
	        "HMGET sluice:{a}:node:x seq",
	        "PEXPIRE sluice:{a}:node:x 15000",
	        "ZADD sluice:{a}:nodes 1 x",
	        "ZRANGEBYSCORE sluice:{a}:nodes 0 +inf WITHSCORES LIMIT 0 128",
	        "ZREMRANGEBYSCORE sluice:{a}:nodes -inf 0",
	        "SET sluice:{a}:session:y x PX 600000",
	        "GET turn/realm/r/user/u/key",
	        "SRANDMEMBER turn/realm/r/secret 64",
	        "PUBLISH sluice:{a}:events hello",
	        "PUBLISH turn/realm/r/user/u/allocation/1/status deleted",
	};
	struct seen seen = {0}, listener = {0};
	struct redis_options options = tls_options(tls_start("yes"), &seen);
	struct redis *redis, *events;

	options.region.db = 3;
	redis = redis_create(&options);
	options.arg = &listener;
	snprintf(options.channels[0], sizeof(options.channels[0]), "sluice:{a}:events");
	events = redis_create(&options);
	assert_true(scene_wait(&seen.up, PATIENCE_MS));
	assert_true(scene_wait(&listener.up, PATIENCE_MS));
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct seen value = {0};

		assert_int_equal(redis_ask(redis, NULL, on_reply, &value, commands[i]), 0);
		assert_true(scene_wait(&value.done, PATIENCE_MS));
		if (value.status == REDIS_REPLY_ERROR)
			fail_msg("%s: %s", commands[i], value.text);
	}
	for (int i = 0; i < PATIENCE_MS / 100 && !listener.message; i++) {
		redis_ask(redis, NULL, NULL, NULL, "PUBLISH sluice:{a}:events hello");
		scene_wait(&listener.message, 100);
	}
	assert_string_equal(listener.text, "sluice:{a}:events hello");
	redis_destroy(redis);
	redis_destroy(events);
}

static void each_fault_has_its_line(void **state)
{
	uint16_t port = tls_start("yes");
	struct seen seen = {0};
	struct redis_options options = tls_options(port, &seen);

	/* it is there first */
	asks_well(&options, &seen, "turn/x", REDIS_REPLY_NIL);
	seen = (struct seen){0};
	snprintf(options.region.password, sizeof(options.region.password), "swordfish");
	is_refused(&options, "it refuses us: WRONGPASS");
	options = tls_options(port, &seen);
	snprintf(options.region.user, sizeof(options.region.user), "nobody");
	is_refused(&options, "it refuses us: WRONGPASS");
	options.region.user[0] = '\0';
	is_refused(&options, "it refuses us: ");
	options = tls_options(port, &seen);
	snprintf(options.region.server, sizeof(options.region.server), "other.test");
	is_refused(&options, "its certificate is refused: hostname mismatch");
	options = tls_options(port, &seen);
	file_set(options.region.ca, "other.pem");
	is_refused(&options, "its certificate is refused: ");
	options = tls_options(port, &seen);
	options.region.cert[0] = options.region.key[0] = '\0';
	is_refused(&options, "TLS fails: ");
	options = tls_options(port, &seen);
	file_set(options.region.ca, "nothing.pem");
	is_refused(&options, "nothing.pem: No such file or directory");
	options = tls_options(port, &seen);
	file_set(options.region.key, "server.key");
	is_refused(&options, "server.key: key values mismatch");
	options = tls_options(port, &seen);
	file_set(options.region.cert, "users.acl");
	is_refused(&options, "users.acl: ");
	options = tls_options(port, &seen);
	options.region.ca[0] = '\0'; /* the host's authorities do not know it */
	is_refused(&options, "its certificate is refused: ");
	options = tls_options(port, &seen);
	options.region.tls = 0;
	plain_is_refused(&options);
}

/* -- no memory -- */

static bool memory_is_out;

/* Once: libevent itself does not survive each later allocation that fails. */
static void *memory_get(size_t size)
{
	bool out = memory_is_out;

	memory_is_out = false;
	return out ? NULL : malloc(size);
}

/* What OpenSSL has of the connection goes once. */
static void a_connection_without_memory(void **state)
{
	struct seen seen = {0};
	const struct redis_options options = tls_options(1, &seen);
	char why[128];
	SSL_CTX *context = tls_client_context(&options.region, why, sizeof(why));
	struct bufferevent *bev;

	assert_non_null(context);
	event_set_mem_functions(memory_get, realloc, free);
	memory_is_out = true;
	assert_null(tls_client_bufferevent(scene.base, context, "redis.test", 0));
	assert_false(memory_is_out);
	bev = tls_client_bufferevent(scene.base, context, "redis.test", 0);
	event_set_mem_functions(NULL, NULL, NULL);
	assert_non_null(bev);
	bufferevent_free(bev);
	SSL_CTX_free(context);
}

static void plain_is_no_tls(void **state)
{
	static const char *const words[] = {"--bind", "127.0.0.1", "--save", "", NULL};
	uint16_t port = port_find();
	struct seen seen = {0};
	struct redis_options options = tls_options(port, &seen);
	struct redis *redis;

	scene_start(port, words);
	redis = redis_create(&options);
	/* it takes a hello for a long line, and waits for its end */
	scene_wait_why(redis, "T");
	assert_false(seen.up);
	redis_destroy(redis);
}

/* The file that was wrong is set right: nobody has to say so. */
static void renewed_files_are_taken(void **state)
{
	struct seen seen = {0};
	struct redis_options options = tls_options(tls_start("yes"), &seen);
	struct redis *redis;

	file_set(options.region.ca, "later.pem");
	redis = redis_create(&options);
	scene_wait_why(redis, "later.pem: No such file or directory");
	scene_shell("cp %s/ca.pem %s/later.pem", scene.folder, scene.folder);
	assert_true(scene_wait(&seen.up, PATIENCE_MS));
	redis_destroy(redis);
}

/* `tls` is for both, and each has a password of its own. */
static void a_sentinel_over_tls(void **state)
{
	uint16_t port = tls_start("yes"), sentinel_port = port_find();
	char conf[64];
	const char *const words[] = {conf, "--sentinel", NULL};
	struct seen seen = {0};
	struct redis_options options = tls_options(sentinel_port, &seen);

	while (sentinel_port == port)
		sentinel_port = port_find();
	options.region.redis.port = htons(sentinel_port);
	snprintf(conf, sizeof(conf), "%s/sentinel.conf", scene.folder);
	scene_shell("printf 'bind 127.0.0.1\nport 0\ntls-port %u\ntls-replication yes\n"
	            "tls-cert-file server.pem\ntls-key-file server.key\ntls-ca-cert-file ca.pem\n"
	            "requirepass watchword\nsentinel monitor north 127.0.0.1 %u 1\n' >%s",
	            sentinel_port, port, conf);
	scene_start(0, words);
	snprintf(options.region.sentinel, sizeof(options.region.sentinel), "north");
	snprintf(options.region.sentinel_user, sizeof(options.region.sentinel_user), "default");
	snprintf(options.region.sentinel_password, sizeof(options.region.sentinel_password),
	         "watchword");
	asks_well(&options, &seen, "turn/x", REDIS_REPLY_NIL);
}

/* A right that its user lacks is an answer, and the connection stays. */
static void rights_that_are_lacking(void **state)
{
	struct seen seen = {0};
	struct redis_options options = tls_options(tls_start("optional"), &seen);
	struct redis *redis;

	options.region.cert[0] = options.region.key[0] = '\0';
	asks_well(&options, &seen, "other", REDIS_REPLY_ERROR);
	seen = (struct seen){0};
	snprintf(options.region.user, sizeof(options.region.user), "guest");
	options.region.password[0] = '\0'; /* nopass lets any in */
	asks_well(&options, &seen, "guest:x", REDIS_REPLY_NIL);
	seen = (struct seen){0};
	snprintf(options.channels[0], sizeof(options.channels[0]), "sluice:{a}:events");
	options.quiet = true;
	redis = redis_create(&options);
	scene_wait_why(redis, "it refuses us: NOPERM");
	redis_destroy(redis);
}

#define SECURE(name) cmocka_unit_test_setup_teardown(name, secure_begin, scene_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        SECURE(with_certificates_and_a_user), SECURE(its_rights_are_enough),
	        SECURE(each_fault_has_its_line),      SECURE(plain_is_no_tls),
	        SECURE(renewed_files_are_taken),      SECURE(a_sentinel_over_tls),
	        SECURE(rights_that_are_lacking),      SECURE(a_connection_without_memory),
	};

	signal(SIGPIPE, SIG_IGN);
	if (!redis_server_is_installed()) {
		printf("no redis-server here: skipped\n");
		return 77;
	}
	return cmocka_run_group_tests_name("redis_secure", tests, NULL, NULL);
}
