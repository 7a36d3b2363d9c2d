/* SPDX-License-Identifier: BSD-3-Clause */
/* A Redis by name, one of several hosts, and three Sentinels through the loss of a master. */
#include "http/client.h"
#include "redis/names.h"
#include "redis/redis.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <sys/socket.h>

#include "port_find.h"
#include "redis_scene.h"

static const char *const plain[] = {"--bind", "127.0.0.1", "--save", "", NULL};

static void hosts_set(struct redis_options *options, const char *format, ...)
{
	va_list args;

	options->region.redis = (struct sluice_addr){0};
	va_start(args, format);
	vsnprintf(options->region.hosts, sizeof(options->region.hosts), format, args);
	va_end(args);
}

/* -- a name server of the test's own -- */

struct name_server {
	struct evdns_server_port *port;
	struct http_client *client;
	struct names *names;
	uint32_t asked;
	uint8_t last;   /* 127.0.0.`last` is the answer; 0: there is no such name */
	uint8_t second; /* and this one behind it; 0: it is the only one */
	bool silent;
};

static void on_question(struct evdns_server_request *request, void *arg)
{
	struct name_server *server = arg;
	const struct evdns_server_question *question = request->questions[0];
	const uint8_t ips[] = {127, 0, 0, server->last, 127, 0, 0, server->second};
	bool known = server->last != 0 && strcasecmp(question->name, "redis.test") == 0;

	server->asked++;
	if (server->silent) {
		evdns_server_request_drop(request);
		return;
	}
	if (known && question->type == EVDNS_TYPE_A)
		evdns_server_request_add_a_reply(request, question->name,
		                                 server->second != 0 ? 2 : 1, ips, 1);
	evdns_server_request_respond(request, known ? DNS_ERR_NONE : DNS_ERR_NOTEXIST);
}

static void on_failed(void *arg)
{
	http_client_refresh(arg);
}

static void names_begin(struct name_server *server, const char *resolv_conf)
{
	server->client = http_client_create(scene.base, resolv_conf);
	assert_non_null(server->client);
	server->names = names_create(scene.base, http_client_names(server->client), on_failed,
	                             server->client);
	assert_non_null(server->names);
}

static void names_end(struct name_server *server)
{
	bool never = false;

	names_destroy(server->names);
	scene_wait(&never, 20);
	http_client_destroy(server->client);
	scene_wait(&never, 20);
}

static void name_server_start(struct name_server *server)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
	                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(addr);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	char path[64];

	assert_int_equal(bind(fd, (void *)&addr, sizeof(addr)), 0);
	assert_int_equal(getsockname(fd, (void *)&addr, &size), 0);
	server->port = evdns_add_server_port_with_base(scene.base, fd, 0, on_question, server);
	assert_non_null(server->port);
	snprintf(path, sizeof(path), "%s/resolv.conf", scene.folder);
	scene_shell("echo 'nameserver 127.0.0.1:%u\noptions timeout:1 attempts:2' >%s",
	            ntohs(addr.sin_port), path);
	names_begin(server, path);
}

static void name_server_stop(struct name_server *server)
{
	names_end(server);
	evdns_close_server_port(server->port);
}

/* The address that the name stood for is gone: the next connection asks again. */
static void a_name_is_asked_for_at_each_connection(void **state)
{
	const char *const words[] = {"--bind", "127.0.0.2", "--save", "", NULL};
	struct name_server server = {.last = 1};
	uint16_t port = port_find();
	struct seen seen = {0};
	struct redis_options options = scene_options(0, &seen);
	char at[HOST_TEXT_MAX], expected[HOST_TEXT_MAX];
	struct redis *redis;
	pid_t first;

	name_server_start(&server);
	first = scene_start(port, plain);
	options.names = server.names;
	hosts_set(&options, "redis.test:%u", port);
	redis = redis_create(&options);
	if (!scene_wait(&seen.up, PATIENCE_MS))
		fail_msg("it does not come up: %s", redis_why(redis));
	snprintf(expected, sizeof(expected), "redis.test:%u", port);
	assert_string_equal(redis_at(redis, at), expected);
	seen.up = false;
	server.last = 2;
	scene_start(port, words);
	scene_kill(first);
	assert_true(scene_wait(&seen.up, PATIENCE_MS));
	redis_destroy(redis);
	name_server_stop(&server);
}

static void a_name_that_does_not_help(void **state)
{
	struct name_server server = {.last = 0};
	struct seen seen = {0};
	struct redis_options options = scene_options(0, &seen);
	struct redis *redis;

	name_server_start(&server);
	options.names = server.names;
	hosts_set(&options, "redis.test:1");
	redis = redis_create(&options);
	scene_wait_why(redis, "its name is not resolved: there is no such name");
	server.silent = true;
	scene_wait_why(redis, "no answer from the name servers");
	assert_true(server.asked > 0);
	redis_destroy(redis);
	/* asked while nobody answers, and given up in the midst of it */
	redis = redis_create(&options);
	scene_wait(&seen.up, 100);
	redis_destroy(redis);
	assert_false(seen.up);
	name_server_stop(&server);
}

/* As the host's own files have it. */
static void localhost_is_known_to_the_host(void **state)
{
	struct name_server none = {0};
	uint16_t port = port_find();
	struct seen seen = {0};
	struct redis_options options = scene_options(0, &seen);
	struct redis *redis;

	scene_start(port, plain);
	names_begin(&none, HTTP_RESOLV_CONF);
	options.names = none.names;
	hosts_set(&options, "localhost:%u", port);
	redis = redis_create(&options);
	if (!scene_wait(&seen.up, PATIENCE_MS))
		fail_msg("it does not come up: %s", redis_why(redis));
	redis_destroy(redis);
	names_end(&none);
}

/* Nothing listens at the first two, one of which is an IPv6 address. */
static void of_several_hosts_one_answers(void **state)
{
	uint16_t port = port_find(), none = port_find();
	struct seen seen = {0};
	struct redis_options options = scene_options(0, &seen);
	struct redis *redis;

	scene_start(port, plain);
	hosts_set(&options, "127.0.0.1:%u,[::1]:%u,127.0.0.1:%u", none, none, port);
	redis = redis_create(&options);
	if (!scene_wait(&seen.up, PATIENCE_MS))
		fail_msg("it does not come up: %s", redis_why(redis));
	redis_destroy(redis);
}

/* Somebody is at the first of its addresses, who is no use. */
static void each_address_of_a_host_has_its_turn(void **state)
{
	static const char *const locked[] = {"--bind",        "127.0.0.1", "--save", "",
	                                     "--requirepass", "swordfish", NULL};
	static const char *const open[] = {"--bind",           "127.0.0.2", "--save", "",
	                                   "--protected-mode", "no",        NULL};
	struct name_server server = {.last = 1, .second = 2};
	uint16_t port = port_find(), none = port_find();
	struct seen seen = {0};
	struct redis_options options = scene_options(0, &seen);
	struct redis *redis;

	name_server_start(&server);
	scene_start(port, locked);
	scene_start(port, open);
	options.names = server.names;
	hosts_set(&options, "redis.test:%u,127.0.0.1:%u", port, none);
	redis = redis_create(&options);
	if (!scene_wait(&seen.up, PATIENCE_MS))
		fail_msg("it does not come up: %s", redis_why(redis));
	redis_destroy(redis);
	name_server_stop(&server);
}

static void over_ipv6(void **state)
{
	static const char *const words[] = {"--bind", "::1", "--save", "", NULL};
	uint16_t port = port_find();
	struct seen seen = {0};
	struct redis_options options = scene_options(0, &seen);
	struct redis *redis;

	if (access("/proc/net/if_inet6", R_OK) != 0)
		skip();
	scene_start(port, words);
	hosts_set(&options, "[::1]:%u", port);
	redis = redis_create(&options);
	if (!scene_wait(&seen.up, PATIENCE_MS))
		fail_msg("it does not come up: %s", redis_why(redis));
	redis_destroy(redis);
}

/* -- Sentinels -- */

#define SENTINELS 3

struct set {
	uint16_t ports[2], sentinel_ports[SENTINELS];
	pid_t servers[2], sentinels[SENTINELS];
	const char *lines; /* of the servers' configuration; NULL: no more */
};

/* replicates: of the port, 0: of none. */
static void server_start(struct set *set, int i, uint16_t replicates)
{
	char conf[64], line[64] = "";
	const char *const words[] = {conf, NULL};

	if (replicates != 0)
		snprintf(line, sizeof(line), "replicaof 127.0.0.1 %u", replicates);
	snprintf(conf, sizeof(conf), "%s/server-%d.conf", scene.folder, i);
	scene_shell("printf 'bind 127.0.0.1\nsave \"\"\nmasteruser media\nmasterauth sesame\n"
	            "user default off\nuser media on >sesame allcommands allkeys allchannels\n"
	            "repl-diskless-sync-delay 0\n%s\n%s\n' >%s",
	            line, set->lines != NULL ? set->lines : "", conf);
	set->servers[i] = scene_start(set->ports[i], words);
}

static void sentinel_start(struct set *set, int i)
{
	char conf[64];
	const char *const words[] = {conf, "--sentinel", NULL};

	snprintf(conf, sizeof(conf), "%s/sentinel-%d.conf", scene.folder, i);
	scene_shell("printf 'bind 127.0.0.1\nrequirepass watchword\n"
	            "sentinel monitor north 127.0.0.1 %u 2\nsentinel auth-user north media\n"
	            "sentinel auth-pass north sesame\nsentinel down-after-milliseconds north 2000\n"
	            "sentinel failover-timeout north 3000\n' >%s",
	            set->ports[0], conf);
	set->sentinels[i] = scene_start(set->sentinel_ports[i], words);
}

static bool is_among(const uint16_t *ports, int count, uint16_t port)
{
	while (count > 0)
		if (ports[--count] == port)
			return true;
	return false;
}

static void ports_find(uint16_t *ports, int count)
{
	for (int i = 0; i < count; i++)
		do
			ports[i] = port_find();
		while (is_among(ports, i, ports[i]));
}

/* Until the Sentinel says so. */
static void sentinel_says(const struct set *set, int i, const char *command, const char *pattern)
{
	scene_shell("for i in $(seq 600); do REDISCLI_AUTH=watchword timeout 5 redis-cli -p %u %s "
	            "2>&1 | "
	            "tr '\n' ' ' | grep -q '%s' && exit 0; sleep 0.1; done; exit 1",
	            set->sentinel_ports[i], command, pattern);
}

/* A master, one that copies it, and three Sentinels that know of each other. */
static void set_start(struct set *set)
{
	uint16_t ports[2 + SENTINELS];

	ports_find(ports, 2 + SENTINELS);
	memcpy(set->ports, ports, sizeof(set->ports));
	memcpy(set->sentinel_ports, ports + 2, sizeof(set->sentinel_ports));
	server_start(set, 0, 0);
	server_start(set, 1, set->ports[0]);
	for (int i = 0; i < SENTINELS; i++)
		sentinel_start(set, i);
	for (int i = 0; i < SENTINELS; i++)
		sentinel_says(set, i, "sentinel master north",
		              "num-slaves 1 num-other-sentinels 2");
}

static struct redis *set_open(const struct set *set, struct redis_options *options)
{
	const uint16_t *ports = set->sentinel_ports;

	hosts_set(options, "127.0.0.1:%u,127.0.0.1:%u,127.0.0.1:%u", ports[0], ports[1], ports[2]);
	snprintf(options->region.sentinel, sizeof(options->region.sentinel), "north");
	snprintf(options->region.sentinel_password, sizeof(options->region.sentinel_password),
	         "watchword");
	snprintf(options->region.user, sizeof(options->region.user), "media");
	snprintf(options->region.password, sizeof(options->region.password), "sesame");
	return redis_create(options);
}

static bool takes_writes(struct redis *redis)
{
	struct seen value = {0};

	return redis_ask(redis, NULL, on_reply, &value, "SET k v") == 0 &&
	       scene_wait(&value.done, PATIENCE_MS) && value.status == REDIS_REPLY_STATUS;
}

/* Until it speaks to this one, which takes what is written. */
static void is_at(struct redis *redis, uint16_t port)
{
	char at[HOST_TEXT_MAX], expected[HOST_TEXT_MAX];
	bool never = false;

	snprintf(expected, sizeof(expected), "127.0.0.1:%u", port);
	for (int i = 0; i < 3 * PATIENCE_MS / 50; i++) {
		if (redis_is_up(redis) && strcmp(redis_at(redis, at), expected) == 0 &&
		    takes_writes(redis))
			return;
		scene_wait(&never, 50);
	}
	fail_msg("it is at %s and not at %s: %s", redis_at(redis, at), expected, redis_why(redis));
}

/* Both clients listen to the Sentinel. */
static void scene_listened(const struct set *set)
{
	bool never = false;

	for (int i = 0; i < PATIENCE_MS / 50; i++) {
		char command[256];

		snprintf(command, sizeof(command),
		         "REDISCLI_AUTH=watchword timeout 5 redis-cli -p %u client list | "
		         "test $(grep -c ' sub=1 ') = 2",
		         set->sentinel_ports[0]);
		if (system(command) == 0)
			return;
		scene_wait(&never, 50);
	}
	fail_msg("they do not listen to the Sentinel");
}

/* First as an operator asks for it, then by the master's death, and a Sentinel's with it. */
static void the_master_is_followed(void **state)
{
	struct seen seen = {0}, listener = {0};
	struct redis_options options = scene_options(0, &seen);
	struct redis_options listening = scene_options(0, &listener);
	struct redis *redis, *events;
	struct set set = {0};

	set_start(&set);
	redis = set_open(&set, &options);
	snprintf(listening.channels[0], sizeof(listening.channels[0]), "sluice:{a}:events");
	events = set_open(&set, &listening);
	is_at(redis, set.ports[0]);
	assert_true(scene_wait(&listener.up, PATIENCE_MS));
	sentinel_says(&set, 0, "sentinel failover north", "OK");
	is_at(redis, set.ports[1]);
	/* The demoted one copies it: then it can be master again. */
	sentinel_says(&set, 2, "sentinel replicas north", "master-link-status ok");
	scene_kill(set.sentinels[0]);
	scene_kill(set.servers[1]);
	is_at(redis, set.ports[0]);
	listener.message = false;
	for (int i = 0; i < PATIENCE_MS / 100 && !listener.message; i++) {
		redis_ask(redis, NULL, NULL, NULL, "PUBLISH %s %s", listening.channels[0],
		          "drain b1");
		scene_wait(&listener.message, 100);
	}
	assert_string_equal(listener.text, "sluice:{a}:events drain b1");
	redis_destroy(redis);
	redis_destroy(events);
}

/* A Sentinel is told of another master as by one of its own. The server that was it stays as it is,
 * and closes no connection. */
static void a_change_is_followed_at_once(void **state)
{
	static const char why[] = "another Redis is master now";
	struct seen seen = {0}, listener = {0};
	struct redis_options options = scene_options(0, &seen);
	struct redis_options listening = scene_options(0, &listener);
	struct set set = {.lines = "rename-command REPLICAOF \"\"\nrename-command SLAVEOF \"\""};
	struct redis *redis, *events;
	char hello[160];

	ports_find(set.ports, 2);
	do
		set.sentinel_ports[0] = port_find();
	while (is_among(set.ports, 2, set.sentinel_ports[0]));
	server_start(&set, 0, 0);
	server_start(&set, 1, 0);
	sentinel_start(&set, 0);
	sentinel_says(&set, 0, "sentinel master north", "flags master ");
	set.sentinel_ports[1] = set.sentinel_ports[2] = set.sentinel_ports[0];
	redis = set_open(&set, &options);
	snprintf(listening.channels[0], sizeof(listening.channels[0]), "sluice:{a}:events");
	events = set_open(&set, &listening);
	is_at(redis, set.ports[0]);
	assert_true(scene_wait(&listener.up, PATIENCE_MS));
	scene_listened(&set);
	snprintf(hello, sizeof(hello),
	         "PUBLISH __sentinel__:hello "
	         "127.0.0.1,%u,0123456789012345678901234567890123456789,9,north,127.0.0.1,%u,9",
	         set.ports[0], set.ports[1]);
	sentinel_says(&set, 0, hello, "1");
	assert_true(scene_wait(&listener.down, PATIENCE_MS));
	assert_string_equal(listener.why, why);
	is_at(redis, set.ports[1]);
	assert_string_equal(seen.why, why);
	assert_int_equal(seen.downs, 1);
	redis_destroy(redis);
	redis_destroy(events);
}

static void sentinels_that_are_no_use(void **state)
{
	struct seen seen = {0};
	struct redis_options options = scene_options(0, &seen);
	struct redis *redis;
	struct set set = {0};

	ports_find(set.sentinel_ports, SENTINELS);
	ports_find(set.ports, 1);
	redis = set_open(&set, &options);
	scene_wait_why(redis, ": Connection refused");
	redis_destroy(redis);
	for (int i = 0; i < SENTINELS; i++)
		sentinel_start(&set, i);
	snprintf(options.region.sentinel_password, sizeof(options.region.sentinel_password),
	         "swordfish");
	redis = redis_create(&options);
	scene_wait_why(redis, ": it refuses us: WRONGPASS");
	redis_destroy(redis);
	/* They name a master where nobody is. */
	redis = set_open(&set, &options);
	scene_wait_why(redis, ": Connection refused");
	redis_destroy(redis);
	assert_false(seen.up);
}

#define SENTINEL(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        SENTINEL(a_name_is_asked_for_at_each_connection),
	        SENTINEL(a_name_that_does_not_help),
	        SENTINEL(localhost_is_known_to_the_host),
	        SENTINEL(of_several_hosts_one_answers),
	        SENTINEL(each_address_of_a_host_has_its_turn),
	        SENTINEL(over_ipv6),
	        SENTINEL(the_master_is_followed),
	        SENTINEL(a_change_is_followed_at_once),
	        SENTINEL(sentinels_that_are_no_use),
	};

	signal(SIGPIPE, SIG_IGN);
	if (!redis_server_is_installed()) {
		printf("no redis-server here: skipped\n");
		return 77;
	}
	return cmocka_run_group_tests_name("redis_sentinel", tests, NULL, NULL);
}
