/* SPDX-License-Identifier: BSD-3-Clause */
/* The Redis client against a real redis-server on loopback, and against servers that are none. */
#include "redis/redirect.h"
#include "redis/redis.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>

#include "port_find.h"
#include "redis_scene.h"
#include "took.h"

/* -- a real one -- */

static pid_t server_pid;
static uint16_t server_port;

static void server_start(const char *extra, const char *value)
{
	char port[8];

	snprintf(port, sizeof(port), "%u", server_port);
	server_pid = fork();
	assert_true(server_pid >= 0);
	if (server_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
		freopen("/dev/null", "w", stdout);
		execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1",
		       "--save", "", "--appendonly", "no", "--dir", "/tmp", extra, value, NULL);
		_exit(127);
	}
}

static void server_kill(void)
{
	kill(server_pid, SIGKILL);
	waitpid(server_pid, NULL, 0);
}

static int real_start(void **state)
{
	scene.base = event_base_new();
	server_port = port_find();
	server_start("--requirepass", "sesame");
	return 0;
}

static int real_end(void **state)
{
	server_kill();
	event_base_free(scene.base);
	return 0;
}

static struct redis *real_open(struct seen *seen, const char *password)
{
	struct redis_options options = scene_options(server_port, seen);
	struct redis *redis;

	snprintf(options.region.password, sizeof(options.region.password), "%s", password);
	options.region.db = 3;
	redis = redis_create(&options);
	assert_non_null(redis);
	return redis;
}

static void it_asks(void **state)
{
	struct seen seen = {0}, value = {0};
	struct redis *redis = real_open(&seen, "sesame");

	assert_int_equal(redis_ask(redis, NULL, on_reply, &value, "TIME"), -ENOTCONN);
	assert_true(scene_wait(&seen.up, PATIENCE_MS));
	assert_int_equal(redis_ask(redis, "k", on_reply, &value, "SET %s %b", "k", "a\0b", 3ul), 0);
	assert_true(scene_wait(&value.done, PATIENCE_MS));
	value.done = false;
	assert_int_equal(redis_get(redis, "k", on_get, &value), 0);
	assert_true(scene_wait(&value.done, PATIENCE_MS));
	assert_int_equal(value.status, 0);
	assert_string_equal(value.text, "a");
	value.done = false;
	assert_int_equal(redis_get(redis, "nothing", on_get, &value), 0);
	assert_true(scene_wait(&value.done, PATIENCE_MS));
	assert_int_equal(value.status, -ENOENT);
	assert_int_equal(redis_ask(redis, "s", NULL, NULL, "SADD s one two three"), 0);
	value.done = false;
	assert_int_equal(redis_members(redis, "s", 64, on_members, &value), 0);
	assert_true(scene_wait(&value.done, PATIENCE_MS));
	assert_int_equal(value.status, 0);
	assert_int_equal(value.count, 3);
	value.done = false;
	assert_int_equal(redis_get(redis, "s", on_get, &value), 0);
	assert_true(scene_wait(&value.done, PATIENCE_MS));
	assert_int_equal(value.status, -EINVAL);
	redis_destroy(redis);
}

static void a_wrong_password_is_said(void **state)
{
	struct seen seen = {0};
	struct redis *redis = real_open(&seen, "swordfish");
	bool never = false;

	for (int i = 0; i < 300 && strstr(redis_why(redis), "it refuses us: ") == NULL; i++)
		scene_wait(&never, 100);
	assert_false(seen.up);
	assert_non_null(strstr(redis_why(redis), "it refuses us: "));
	assert_null(strstr(redis_why(redis), "swordfish"));
	redis_destroy(redis);
}

static void it_listens(void **state)
{
	struct seen listener = {0}, speaker = {0};
	struct redis_options options = scene_options(server_port, &listener);
	struct redis *redis, *other = real_open(&speaker, "sesame");

	snprintf(options.region.password, sizeof(options.region.password), "sesame");
	snprintf(options.channels[0], sizeof(options.channels[0]), "sluice:{a}:events");
	redis = redis_create(&options);
	assert_true(scene_wait(&listener.up, PATIENCE_MS));
	assert_true(scene_wait(&speaker.up, PATIENCE_MS));
	assert_int_equal(redis_ask(redis, NULL, NULL, NULL, "TIME"), -ENOTCONN);
	for (int i = 0; i < 20 && !listener.message; i++) {
		assert_int_equal(redis_ask(other, NULL, NULL, NULL, "PUBLISH %s %s",
		                           options.channels[0], "drain b1"),
		                 0);
		scene_wait(&listener.message, 100);
	}
	assert_string_equal(listener.text, "sluice:{a}:events drain b1");
	/* Longer than any PING of its own takes. */
	scene_wait(&listener.down, 4500);
	assert_false(listener.down);
	redis_destroy(redis);
	redis_destroy(other);
}

static void it_comes_back(void **state)
{
	struct seen seen = {0}, value = {0};
	struct redis *redis = real_open(&seen, "sesame");
	struct took healed;

	assert_true(scene_wait(&seen.up, PATIENCE_MS));
	server_kill();
	assert_true(scene_wait(&seen.down, PATIENCE_MS));
	assert_int_equal(redis_get(redis, "k", on_get, &value), -ENOTCONN);
	seen.up = false;
	scene_wait(&seen.up, 1000);
	healed = took_start();
	server_start("--requirepass", "sesame");
	assert_true(scene_wait(&seen.up, PATIENCE_MS));
	assert_true(took_ms(healed) < 6000);
	redis_destroy(redis);
}

/* Stopped with SIGSTOP it accepts, and answers no more. */
static void a_hanging_one_is_left_in_a_second(void **state)
{
	struct seen seen = {0}, value = {0};
	struct redis *redis = real_open(&seen, "sesame");
	struct took asked;

	assert_true(scene_wait(&seen.up, PATIENCE_MS));
	kill(server_pid, SIGSTOP);
	asked = took_start();
	assert_int_equal(redis_get(redis, "k", on_get, &value), 0);
	assert_true(scene_wait(&value.done, PATIENCE_MS));
	assert_true(took_now_ms() - asked.start >= 900);
	assert_true(took_ms(asked) <= 1500);
	assert_int_equal(value.status, -ETIMEDOUT);
	assert_string_equal(redis_why(redis), "no answer within 1 s");
	seen.up = false;
	scene_wait(&seen.up, 2500);
	assert_false(seen.up);
	kill(server_pid, SIGCONT);
	assert_true(scene_wait(&seen.up, PATIENCE_MS));
	redis_destroy(redis);
}

/* What waits is bounded, and ends when the client does. */
static void what_waits_is_answered(void **state)
{
	struct seen seen = {0}, value = {0};
	struct redis *redis = real_open(&seen, "sesame");
	int sent = 0;

	assert_true(scene_wait(&seen.up, PATIENCE_MS));
	while (redis_ask(redis, NULL, on_reply, &value, "TIME") == 0)
		sent++;
	assert_in_range(sent, 1000, 100000);
	redis_destroy(redis);
	assert_int_equal(value.count, sent);
	assert_int_equal(value.status, -1);
}

/* -- a Cluster, and a Sentinel -- */

/* Each node has half of the slots: keys of both are read and written over one client. */
static void a_cluster_is_followed(void **state)
{
	static const char *const words[] = {"--bind", "127.0.0.1", "--cluster-enabled",     "yes",
	                                    "--save", "",          "--cluster-config-file", "FILE",
	                                    NULL};
	uint16_t ports[2] = {port_find(), 0};
	struct seen seen = {0}, value = {0};
	struct redis_options options;
	struct redis *redis;
	pid_t pids[2];

	/* The bus has its port 10000 above. */
	while (ports[0] > 55000)
		ports[0] = port_find();
	do
		ports[1] = port_find();
	while (ports[1] > 55000 || ports[1] == ports[0]);
	for (int i = 0; i < 2; i++)
		pids[i] = scene_start(ports[i], words);
	for (int i = 0; i < 2; i++)
		scene_shell("for i in $(seq 200); do redis-cli -p %u cluster addslotsrange %d %d "
		            "2>&1 | "
		            "grep -q OK && exit 0; sleep 0.05; done; exit 1",
		            ports[i], i * 8192, i * 8192 + 8191);
	scene_shell("redis-cli -p %u cluster meet 127.0.0.1 %u >/dev/null", ports[0], ports[1]);
	for (int i = 0; i < 2; i++)
		scene_shell("for i in $(seq 400); do redis-cli -p %u cluster info | "
		            "grep -q cluster_state:ok && exit 0; sleep 0.05; done; exit 1",
		            ports[i]);
	options = scene_options(ports[0], &seen);
	redis = redis_create(&options);
	assert_true(scene_wait(&seen.up, PATIENCE_MS));
	for (int i = 0; i < 20; i++) {
		char key[16];

		snprintf(key, sizeof(key), "key-%d", i);
		value.done = false;
		assert_int_equal(redis_ask(redis, key, on_reply, &value, "SET %s v%d", key, i), 0);
		assert_true(scene_wait(&value.done, PATIENCE_MS));
		assert_int_equal(value.status, REDIS_REPLY_STATUS);
		value.done = false;
		assert_int_equal(redis_get(redis, key, on_get, &value), 0);
		assert_true(scene_wait(&value.done, PATIENCE_MS));
		assert_int_equal(value.status, 0);
	}
	for (int i = 0; i < 2; i++)
		scene_shell("test $(redis-cli -p %u dbsize) -gt 0", ports[i]);
	redis_destroy(redis);
	scene_kill(pids[0]);
	scene_kill(pids[1]);
}

static void a_sentinel_is_asked(void **state)
{
	static const char *const words[] = {"--bind", "127.0.0.1", "--save", "", NULL};
	char conf[64];
	const char *const sentinel_words[] = {conf, "--sentinel", "--bind", "127.0.0.1", NULL};
	uint16_t port = port_find(), sentinel_port = port_find();
	struct seen seen = {0}, value = {0};
	struct redis_options options;
	struct redis *redis;
	pid_t master, sentinel;

	snprintf(conf, sizeof(conf), "%s/sentinel.conf", scene.folder);
	scene_shell("echo 'sentinel monitor north 127.0.0.1 %u 1' >%s", port, conf);
	master = scene_start(port, words);
	sentinel = scene_start(sentinel_port, sentinel_words);
	options = scene_options(sentinel_port, &seen);
	snprintf(options.region.sentinel, sizeof(options.region.sentinel), "north");
	redis = redis_create(&options);
	assert_true(scene_wait(&seen.up, PATIENCE_MS));
	assert_int_equal(redis_ask(redis, "k", on_reply, &value, "SET k v"), 0);
	assert_true(scene_wait(&value.done, PATIENCE_MS));
	assert_int_equal(value.status, REDIS_REPLY_STATUS);
	redis_destroy(redis);
	seen = (struct seen){0};
	snprintf(options.region.sentinel, sizeof(options.region.sentinel), "south");
	redis = redis_create(&options);
	assert_false(scene_wait(&seen.up, 1000));
	assert_non_null(strstr(redis_why(redis), "this Sentinel knows no such master"));
	redis_destroy(redis);
	scene_kill(sentinel);
	scene_kill(master);
}

/* -- none -- */

struct hostile {
	const char *name;
	const char *says; /* once for each read of it; NULL: nothing */
	size_t length;    /* 0: strlen */
	const char *why;  /* what the client makes of it */
	bool closes;
	uint32_t repeats; /* of `says` */
	bool polite;      /* answers the first PING well */
};

#define PONG "+PONG\r\n"

static const struct hostile hostiles[] = {
        {"accepts and never answers", NULL, 0, "no answer within 1 s"},
        {"closes at once", NULL, 0, "it closed the connection", .closes = true},
        {"HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", 0, "that is no Redis"},
        {"binary", "\x00\x01\xff\xfe\r\n", 6, "that is no Redis"},
        {"refuses", "-NOAUTH Authentication required.\r\n", 0, "it refuses us: NOAUTH"},
        {"an error for a terminal", "-\x1b]0;x\x07\r\n", 0, "it refuses us: \\x1b"},
        {"a string that never ends", "$1000000000\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
         0, "its reply is longer than 65536 bytes", .repeats = 4000},
        {"a line that never ends", "+xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
         0, "its reply is longer than 65536 bytes", .repeats = 4000},
        {"a billion elements", "*1000000000\r\n", 0, "its reply is longer than 65536 bytes"},
        /* hiredis bounds their depth only before 1.0 */
        {"elements in elements", "*60\r\n*60\r\n*60\r\n*60\r\n*60\r\n:1\r\n", 0,
         HIREDIS_MAJOR < 1 ? "that is no Redis" : "its reply is longer than 65536 bytes",
         .repeats = 100},
        {"minus two elements", "*-2\r\n", 0, "that is no Redis"},
        {"a length that is none", "$abc\r\n", 0, "that is no Redis"},
        {"an integer", ":1\r\n", 0, "that is no Redis"},
        {"more answers than questions", PONG ":1\r\n:2\r\n", 0, "it sends what nobody asked for"},
        {"garbage behind its first answer", "garbage\r\n", 0, "that is no Redis", .polite = true},
};

struct bad_server {
	const struct hostile *row;
	struct evconnlistener *listener;
	uint32_t connections;
};

static void bad_read(struct bufferevent *bev, void *arg)
{
	const struct hostile *row = arg;
	size_t length = row->says == NULL ? 0 : row->length != 0 ? row->length : strlen(row->says);

	evbuffer_drain(bufferevent_get_input(bev), SIZE_MAX / 2);
	if (row->closes) {
		bufferevent_free(bev);
		return;
	}
	if (row->polite)
		bufferevent_write(bev, PONG, strlen(PONG));
	for (uint32_t i = 0; i <= row->repeats; i++)
		bufferevent_write(bev, row->says, length);
}

static void bad_event(struct bufferevent *bev, short what, void *arg)
{
	bufferevent_free(bev);
}

static void bad_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *addr,
                       int size, void *arg)
{
	struct bad_server *server = arg;
	struct bufferevent *bev = bufferevent_socket_new(scene.base, fd, BEV_OPT_CLOSE_ON_FREE);

	server->connections++;
	bufferevent_setcb(bev, bad_read, NULL, bad_event, (void *)server->row);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

#define HOSTILES (sizeof(hostiles) / sizeof(hostiles[0]))

struct hostile_scene {
	struct bad_server server;
	struct seen seen;
	struct redis *redis;
};

static void hostile_start(struct hostile_scene *bad, const struct hostile *row)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
	                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct redis_options options;
	uint16_t port = port_find();

	*bad = (struct hostile_scene){.server.row = row};
	addr.sin_port = htons(port);
	bad->server.listener = evconnlistener_new_bind(scene.base, bad_accept, &bad->server,
	                                               LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE,
	                                               16, (void *)&addr, sizeof(addr));
	assert_non_null(bad->server.listener);
	options = scene_options(port, &bad->seen);
	bad->redis = redis_create(&options);
	assert_non_null(bad->redis);
}

/* What was wrong is known, and it was tried again. */
static bool hostile_seen(const struct hostile_scene *bad, const char *why)
{
	return strncmp(redis_why(bad->redis), why, strlen(why)) == 0 &&
	       bad->server.connections >= 2;
}

/* All of them side by side: each takes its seconds. */
static void hostile_servers(void **state)
{
	struct hostile_scene scenes[HOSTILES];
	uint64_t start = took_now_ms(), most;
	bool never = false;

	scene.base = event_base_new();
	for (size_t i = 0; i < HOSTILES; i++)
		hostile_start(&scenes[i], &hostiles[i]);
	scene_wait(&never, 4000);
	for (size_t i = 0; i < HOSTILES; i++)
		for (int more = 0; more < 100 && !hostile_seen(&scenes[i], hostiles[i].why); more++)
			scene_wait(&never, 100);
	most = 12 * (took_now_ms() - start) / 4000;
	for (size_t i = 0; i < HOSTILES; i++) {
		const char *why = redis_why(scenes[i].redis), *wanted = hostiles[i].why;

		if (strncmp(why, wanted, strlen(wanted)) != 0)
			fail_msg("%s: why is \"%s\"", hostiles[i].name, why);
		/* Neither in a loop, nor given up. */
		if (scenes[i].server.connections < 2 || scenes[i].server.connections > most)
			fail_msg("%s: %u connections", hostiles[i].name,
			         scenes[i].server.connections);
		redis_destroy(scenes[i].redis);
		evconnlistener_free(scenes[i].server.listener);
	}
	event_base_free(scene.base);
}

/* -- redirections -- */

struct redirection {
	const char *text;
	int status;
	bool ask;
	uint16_t slot, port;
};

static void redirections(void **state)
{
	static const struct redirection rows[] = {
	        {"MOVED 3999 127.0.0.1:6381", 0, false, 3999, 6381},
	        {"ASK 16383 2001:db8::1:6379", 0, true, 16383, 6379},
	        {"MOVED 16384 127.0.0.1:6381", -EINVAL},
	        {"MOVED -1 127.0.0.1:6381", -EINVAL},
	        {"MOVED 1 127.0.0.1:0", -EINVAL},
	        {"MOVED 1 127.0.0.1:65536", -EINVAL},
	        {"MOVED 1 127.0.0.1:63 81", -EINVAL},
	        {"MOVED 1 example.org:6381", 0, false, 1, 6381},
	        {"MOVED 1 exa mple.org:6381", -EINVAL},
	        {"MOVED 1 \x1b[2J:6381", -EINVAL},
	        {"MOVED 1 :6381", -EINVAL},
	        {"MOVED 1", -EINVAL},
	        {"MOVED ", -EINVAL},
	        {"ERR unknown command", -ENOENT},
	};
	struct redirect redirect;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(redirect_read(&redirect, rows[i].text, strlen(rows[i].text)),
		                 rows[i].status);
		if (rows[i].status != 0)
			continue;
		assert_int_equal(redirect.ask, rows[i].ask);
		assert_int_equal(redirect.slot, rows[i].slot);
		assert_int_equal(redirect.host.port, rows[i].port);
	}
}

/* The specification's own example, and that a hash tag is what counts. */
static void slots(void **state)
{
	assert_int_equal(redis_slot("123456789", 9), 0x31c3);
	assert_int_equal(redis_slot("sluice:{a}:nodes", 16), redis_slot("a", 1));
	assert_int_equal(redis_slot("{}x", 3), redis_slot("{}x", 3));
	assert_int_not_equal(redis_slot("{}x", 3), redis_slot("{}y", 3));
}

#define REAL(name) cmocka_unit_test_setup_teardown(name, real_start, real_end)

int main(void)
{
	const struct CMUnitTest real[] = {
	        REAL(it_asks),
	        REAL(a_wrong_password_is_said),
	        REAL(it_listens),
	        REAL(it_comes_back),
	        REAL(a_hanging_one_is_left_in_a_second),
	        REAL(what_waits_is_answered),
	        cmocka_unit_test_setup_teardown(a_cluster_is_followed, scene_begin, scene_end),
	        cmocka_unit_test_setup_teardown(a_sentinel_is_asked, scene_begin, scene_end),
	};
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(redirections),
	        cmocka_unit_test(slots),
	        cmocka_unit_test(hostile_servers),
	};
	int failed;

	signal(SIGPIPE, SIG_IGN);
	failed = cmocka_run_group_tests_name("redis", tests, NULL, NULL);
	if (!redis_server_is_installed()) {
		printf("no redis-server here: the real one is left out\n");
		return failed;
	}
	return failed + cmocka_run_group_tests_name("redis_real", real, NULL, NULL);
}
