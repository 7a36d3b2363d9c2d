/* SPDX-License-Identifier: BSD-3-Clause */
/* The API's socket with its clients: the slow ones, and too many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <rte_eal.h>
#include <unistd.h>

#include <sluice/stats.h>

#include "api/api.h"
#include "dataplane.h"

struct fixture {
	struct event_base *events;
	struct dataplane *dp;
};

static int fixture_make(void **state)
{
	static struct fixture fixture;
	struct options options;
	char *args[] = {"test", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry",
	                "-m",   "256",       "-l",          "0",        "--log-level=3"};

	if (rte_eal_init(RTE_DIM(args), args) < 0)
		return -1;
	options_default(&options);
	fixture.dp = dataplane_create(&options, NULL);
	fixture.events = event_base_new();
	*state = &fixture;
	if (fixture.dp == NULL || fixture.events == NULL)
		return -1;
	fixture.dp->events = fixture.events;
	return 0;
}

static int fixture_free(void **state)
{
	struct fixture *fixture = *state;

	dataplane_destroy(fixture->dp);
	event_base_free(fixture->events);
	return 0;
}

/* A server at a path of our own. */
struct service {
	char path[64];
	struct seqpacket_listener listener;
	struct api_server *server;
};

static void service_start(struct fixture *fixture, struct service *service)
{
	char why[SLUICE_API_ERROR_MAX];

	snprintf(service->path, sizeof(service->path), "/tmp/sluice-api-test.%d", getpid());
	assert_int_equal(seqpacket_listen(&service->listener, service->path, why), 0);
	service->server = api_server_create(fixture->dp, &service->listener);
	assert_non_null(service->server);
}

static void service_stop(struct service *service)
{
	char lock[80];

	api_server_destroy(service->server);
	seqpacket_listener_close(&service->listener);
	snprintf(lock, sizeof(lock), "%s.lock", service->path);
	unlink(lock);
}

static int reply_await(struct fixture *fixture, int client, struct seqpacket_record *reply)
{
	event_base_loop(fixture->events, EVLOOP_NONBLOCK);
	return seqpacket_receive(client, reply);
}

/* One that asks without end and never reads stops being served; another one is. */
static void slow_client_delays_itself(void **state)
{
	struct fixture *fixture = *state;
	struct sluice_api_header graph = {SLUICE_API_VERSION, SLUICE_GRAPH_SHOW, 1, 0, 0, 0};
	struct sluice_api_header version = {SLUICE_API_VERSION, SLUICE_VERSION, 2, 0, 0, 0};
	static struct seqpacket_record reply;
	struct service service;
	int slow, quick;

	service_start(fixture, &service);
	slow = seqpacket_connect(service.path);
	quick = seqpacket_connect(service.path);
	event_base_loop(fixture->events, EVLOOP_NONBLOCK);
	event_base_loop(fixture->events, EVLOOP_NONBLOCK);
	for (int i = 0; i < 400; i++) {
		if (i < 100)
			assert_int_equal(seqpacket_send(slow, &graph, NULL), 0);
		event_base_loop(fixture->events, EVLOOP_NONBLOCK);
	}
	assert_int_equal(seqpacket_send(quick, &version, NULL), 0);
	assert_int_equal(reply_await(fixture, quick, &reply),
	                 sizeof(reply.header) + sizeof(struct sluice_version));
	assert_int_equal(reply.header.id, 2);
	for (int ended = 0; ended < 100;) {
		assert_true(reply_await(fixture, slow, &reply) > 0);
		assert_int_equal(reply.header.id, 1);
		ended += !(reply.header.flags & SLUICE_API_MORE);
	}
	close(quick);
	close(slow);
	event_base_loop(fixture->events, EVLOOP_NONBLOCK);
	service_stop(&service);
}

/* Connects and asks: the reply's status, and then whether the server goes on serving it. */
static int client_served(struct fixture *fixture, const struct service *service, int *client)
{
	struct sluice_api_header version = {SLUICE_API_VERSION, SLUICE_VERSION, 3, 0, 0, 0};
	static struct seqpacket_record reply;

	*client = seqpacket_connect(service->path);
	assert_true(*client >= 0);
	event_base_loop(fixture->events, EVLOOP_NONBLOCK);
	assert_int_equal(seqpacket_send(*client, &version, NULL), 0);
	assert_true(reply_await(fixture, *client, &reply) >= (int)sizeof(reply.header));
	assert_int_equal(reply.header.id, 3);
	if (reply.header.status != 0)
		assert_int_equal(reply_await(fixture, *client, &reply), 0);
	return reply.header.status;
}

static void too_many_clients_refused(void **state)
{
	struct fixture *fixture = *state;
	struct service service;
	int clients[64], late;

	service_start(fixture, &service);
	for (size_t i = 0; i < RTE_DIM(clients); i++)
		assert_int_equal(client_served(fixture, &service, &clients[i]), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(client_served(fixture, &service, &late), -EUSERS);
		close(late);
	}
	close(clients[0]);
	event_base_loop(fixture->events, EVLOOP_NONBLOCK);
	assert_int_equal(client_served(fixture, &service, &clients[0]), 0);
	for (size_t i = 0; i < RTE_DIM(clients); i++)
		close(clients[i]);
	service_stop(&service);
}

static int part_await(struct fixture *fixture, int client, struct seqpacket_record *reply,
                      int *passed)
{
	const struct sluice_hand_over_part *part = (const void *)reply->body;

	event_base_loop(fixture->events, EVLOOP_NONBLOCK);
	assert_true(seqpacket_receive_fd(client, reply, passed) >= (int)sizeof(reply->header));
	assert_int_equal(reply->header.status, 0);
	return reply->header.length == sizeof(*part) ? (int)part->kind : -1;
}

/* What another process goes on with is passed to it; nobody else is served any more, and those who
 * come now wait for it. When it leaves the loop ends. */
static void a_successor_has_the_socket(void **state)
{
	struct fixture *fixture = *state;
	struct sluice_api_header begin = {SLUICE_API_VERSION, SLUICE_HAND_OVER_BEGIN, 4, 0, 0, 0};
	static struct seqpacket_record reply;
	struct seqpacket_listener listener = {.fd = -1};
	struct options options = fixture->dp->options;
	struct service service;
	int other, successor, late, passed;
	char ledger[64];

	snprintf(ledger, sizeof(ledger), "/tmp/sluice-api-test-ledger.%d", getpid());
	options.ledger = ledger;
	dataplane_destroy(fixture->dp);
	fixture->dp = dataplane_create(&options, NULL);
	assert_non_null(fixture->dp);
	fixture->dp->events = fixture->events;
	service_start(fixture, &service);
	fixture->dp->listener = &service.listener;
	assert_int_equal(client_served(fixture, &service, &other), 0);
	assert_int_equal(client_served(fixture, &service, &successor), 0);
	assert_int_equal(seqpacket_send(successor, &begin, NULL), 0);
	assert_int_equal(part_await(fixture, successor, &reply, &listener.fd),
	                 SLUICE_HAND_OVER_LISTENER);
	assert_int_equal(seqpacket_receive(other, &reply), 0);
	assert_int_equal(part_await(fixture, successor, &reply, &listener.lock),
	                 SLUICE_HAND_OVER_LOCK);
	assert_int_equal(part_await(fixture, successor, &reply, &passed), -1);
	assert_int_equal(passed, -1);
	assert_false(reply.header.flags & SLUICE_API_MORE);

	late = seqpacket_connect(service.path);
	assert_true(late >= 0);
	event_base_loop(fixture->events, EVLOOP_NONBLOCK);
	passed = seqpacket_accept(&listener);
	assert_true(passed >= 0);
	assert_int_equal(fixture->dp->hand_over, HAND_OVER_BEGUN);
	close(successor);
	event_base_loop(fixture->events, EVLOOP_NONBLOCK);
	assert_int_equal(fixture->dp->hand_over, HAND_OVER_DONE);
	close(passed);
	close(late);
	close(other);
	close(listener.fd);
	close(listener.lock);
	service_stop(&service);
	unlink(ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(slow_client_delays_itself),
	        cmocka_unit_test(too_many_clients_refused),
	        cmocka_unit_test(a_successor_has_the_socket),
	};

	return cmocka_run_group_tests(tests, fixture_make, fixture_free);
}
