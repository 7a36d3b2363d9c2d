/* SPDX-License-Identifier: BSD-3-Clause */
/* sluice-controlplane: reads the configuration, keeps the dataplane in accord with it, and answers
 * on its socket. */
#include "accounting/accounting.h"
#include "answers/routes.h"
#include "certificate/keeper.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/notify.h"
#include "common/option.h"
#include "common/privilege.h"
#include "common/watchdog.h"
#include "config/file.h"
#include "config/own.h"
#include "config/running.h"
#include "control/server.h"
#include "controlplane_options.h"
#include "dataplane/client.h"
#include "events/bus.h"
#include "events/stream.h"
#include "events/watch.h"
#include "fleet/fleet.h"
#include "gate/keeper.h"
#include "http/client.h"
#include "http/commands.h"
#include "http/http.h"
#include "log/keeper.h"
#include "metrics/metrics.h"
#include "reload/reload.h"
#include "users/lookup.h"
#include "web/web.h"
#include "whip/whip.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct controlplane {
	struct controlplane_options options;
	const char *config;
	struct event_base *base;
	struct event *signals[3];
	struct watchdog *watchdog;
	struct running *running;
	struct seqpacket_listener listener;
	struct gate_keeper *gate;
	struct log_keeper *log;
	struct certificate_keeper *certificates;
	struct own *own;
	struct reload *reload;
	struct http *http;
	struct fleet *fleet;
	struct lookup *lookup;
	struct whip *whip;
	struct http_commands *http_commands;
	struct metrics_collector *metrics;
	struct event_bus *events;
	struct event_watch *watch;
	struct http_client *http_client;
	struct accounting *accounting;
	struct event_streams *streams;
	struct dataplane_client *client;
	struct server *server;
	struct seqpacket_record *buffer;
};

/* Where nobody named a file, none is needed. */
static int config_read(struct controlplane *cp)
{
	char text[2 * CONFIG_WHY_MAX];
	struct config_error error = {0};
	int status;

	status = config_load(cp->running, cp->config, &error);
	if (status == -ENOENT && cp->options.config == NULL)
		return 0;
	if (status == 0 && cp->options.check)
		status = config_check(cp->running, &error);
	if (status == 0)
		return 0;
	config_error_text(cp->config, &error, isatty(STDERR_FILENO), text, sizeof(text));
	fprintf(stderr, "%s%s\n", log_is_journal() ? "<3>" : "", text);
	return status;
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	struct controlplane *cp = arg;

	log_info(SLUICE_LOG_PROCESS, "stopping on signal %d", (int)number);
	if (cp->fleet != NULL)
		fleet_stop(cp->fleet);
	else
		event_base_loopbreak(cp->base);
}

/* systemd waits for READY=1; the next signal may come before. */
static void on_hangup(evutil_socket_t number, short what, void *arg)
{
	struct controlplane *cp = arg;
	char text[80];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lu",
	         clock_ns(CLOCK_MONOTONIC) / 1000);
	notify_send(text);
	http_tls_again(cp->http);
	reload_again(cp->reload);
}

static void on_reloaded(void *arg)
{
	struct controlplane *cp = arg;

	certificate_keeper_refresh(cp->certificates);
	notify_send("READY=1");
}

static void on_settled(void *arg)
{
	notify_send("READY=1");
}

static void on_greeted(void *arg)
{
	struct controlplane *cp = arg;

	gate_keeper_greeted(cp->gate);
	certificate_keeper_greeted(cp->certificates);
}

static void on_ready(void *arg)
{
	struct controlplane *cp = arg;

	gate_keeper_ready(cp->gate);
	log_keeper_ready(cp->log);
	fleet_ready(cp->fleet);
	lookup_dataplane_ready(cp->lookup);
	whip_ready(cp->whip);
	accounting_ready(cp->accounting);
}

static int signals_catch(struct controlplane *cp)
{
	static const struct {
		int number;
		event_callback_fn taken;
	} rows[] = {{SIGTERM, on_signal}, {SIGINT, on_signal}, {SIGHUP, on_hangup}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cp->signals[i] = evsignal_new(cp->base, rows[i].number, rows[i].taken, cp);
		if (cp->signals[i] == NULL || event_add(cp->signals[i], NULL) != 0)
			return -ENOMEM;
	}
	return 0;
}

/* The parts that serve lines of the configuration, and what they tell of themselves. */
static int own_parts_create(struct controlplane *cp)
{
	cp->own = own_create(cp->base, cp->running, cp->config);
	if (cp->own == NULL)
		return -ENOMEM;
	cp->gate = gate_keeper_create(cp->base, cp->own, cp->running);
	cp->log = log_keeper_create(cp->own);
	cp->certificates = certificate_keeper_create(cp->base, cp->own);
	cp->http = http_create(cp->base, cp->own);
	cp->http_client = http_client_create(cp->base, HTTP_RESOLV_CONF);
	cp->events = event_bus_create();
	if (cp->gate == NULL || cp->log == NULL || cp->certificates == NULL || cp->http == NULL ||
	    cp->http_client == NULL || cp->events == NULL)
		return -ENOMEM;
	cp->accounting = accounting_create(&(struct accounting_options){
	        .base = cp->base,
	        .running = cp->running,
	        .own = cp->own,
	        .events = cp->events,
	        .http_client = cp->http_client,
	        .state_dir = cp->options.state_dir,
	});
	if (cp->accounting == NULL)
		return -ENOMEM;
	cp->fleet = fleet_create(&(struct fleet_options){
	        .base = cp->base,
	        .running = cp->running,
	        .own = cp->own,
	        .http = cp->http,
	        .http_client = cp->http_client,
	        .gate = cp->gate,
	        .state_dir = cp->options.state_dir,
	        .socket = cp->options.socket,
	});
	return cp->fleet != NULL ? 0 : -ENOMEM;
}

/* The connection to the dataplane, and who asks over it. */
static int dataplane_parts_create(struct controlplane *cp)
{
	cp->client = dataplane_client_create(&(struct dataplane_client_options){
	        .base = cp->base,
	        .path = cp->options.dataplane,
	        .config = cp->config,
	        .running = cp->running,
	        .buffer = cp->buffer,
	        .settled = on_settled,
	        .greeted = on_greeted,
	        .ready = on_ready,
	        .arg = cp,
	});
	if (cp->client == NULL)
		return -ENOMEM;
	gate_keeper_serve(cp->gate, cp->client);
	log_keeper_serve(cp->log, cp->client);
	certificate_keeper_serve(cp->certificates, cp->client);
	fleet_serve(cp->fleet, cp->client);
	accounting_serve(cp->accounting, cp->client, cp->fleet);
	return 0;
}

/* What answers on the control socket. */
static int socket_parts_create(struct controlplane *cp)
{
	cp->reload = reload_create(&(struct reload_options){
	        .base = cp->base,
	        .running = cp->running,
	        .config = cp->config,
	        .own = cp->own,
	        .client = cp->client,
	        .ended = on_reloaded,
	        .arg = cp,
	});
	cp->whip = whip_create(&(struct whip_options){
	        .base = cp->base,
	        .client = cp->client,
	        .events = cp->events,
	        .fleet = cp->fleet,
	        .http = cp->http,
	        .http_client = cp->http_client,
	        .own = cp->own,
	});
	if (cp->reload == NULL || cp->whip == NULL)
		return -ENOMEM;
	cp->server = server_create(&(struct server_options){
	        .base = cp->base,
	        .listener = &cp->listener,
	        .route = request_route,
	        .config = cp->config,
	        .running = cp->running,
	        .client = cp->client,
	        .gate = cp->gate,
	        .log = cp->log,
	        .reload = cp->reload,
	        .own = cp->own,
	        .http = cp->http,
	        .whip = cp->whip,
	        .fleet = cp->fleet,
	        .events = cp->events,
	        .accounting = cp->accounting,
	        .buffer = cp->buffer,
	        .started = clock_ns(CLOCK_MONOTONIC) / NSEC_PER_SEC,
	        .started_unix = (uint64_t)time(NULL),
	});
	return cp->server != NULL ? 0 : -ENOMEM;
}

/* What answers over HTTP. */
static int http_parts_create(struct controlplane *cp)
{
	const struct asker_options asks = {cp->base, cp->server, NULL};

	cp->http_commands = http_commands_create(cp->http, &asks);
	cp->metrics = metrics_collector_create(cp->http, &asks);
	cp->watch = event_watch_create(cp->events, &asks);
	cp->streams = event_streams_create(cp->base, cp->events, cp->http);
	if (cp->http_commands == NULL || cp->metrics == NULL || cp->watch == NULL ||
	    cp->streams == NULL)
		return -ENOMEM;
	return web_start(cp->http);
}

static int parts_create(struct controlplane *cp)
{
	if (own_parts_create(cp) < 0 || dataplane_parts_create(cp) < 0 ||
	    socket_parts_create(cp) < 0 || http_parts_create(cp) < 0)
		return -ENOMEM;
	own_start(cp->own);
	fleet_start(cp->fleet);
	cp->lookup = lookup_create(&(struct lookup_options){
	        .base = cp->base,
	        .running = cp->running,
	        .client = cp->client,
	        .fleet = cp->fleet,
	});
	return cp->lookup != NULL ? 0 : -ENOMEM;
}

static int serve(struct controlplane *cp)
{
	char why[SLUICE_API_ERROR_MAX];
	int error = seqpacket_listen(&cp->listener, cp->options.socket, why);

	if (error < 0) {
		log_error(SLUICE_LOG_PROCESS, "%s", why);
		return error;
	}
	error = privilege_keep(0);
	if (error < 0)
		log_warning(SLUICE_LOG_PROCESS, "privileges are kept: %s", strerror(-error));
	error = cp->options.allow_core ? 0 : privilege_memory_hide();
	if (error < 0)
		log_warning(SLUICE_LOG_PROCESS, "core files may be written: %s", strerror(-error));
	cp->base = event_base_new();
	cp->buffer = calloc(1, sizeof(*cp->buffer));
	if (cp->base == NULL || cp->buffer == NULL || signals_catch(cp) < 0 ||
	    watchdog_create(&cp->watchdog, cp->base, NULL, NULL) < 0 || parts_create(cp) < 0) {
		log_error(SLUICE_LOG_PROCESS, "no memory to start");
		return -ENOMEM;
	}
	log_info(SLUICE_LOG_PROCESS, "listening on %s", cp->options.socket);
	event_base_dispatch(cp->base);
	notify_send("STOPPING=1");
	return 0;
}

static void controlplane_end(struct controlplane *cp)
{
	if (cp->own != NULL)
		own_stop(cp->own); /* the dataplane's client ends a commit when parts are gone */
	http_destroy(cp->http);
	fleet_destroy(cp->fleet);
	lookup_destroy(cp->lookup); /* behind what it asks */
	http_commands_destroy(cp->http_commands);
	metrics_collector_destroy(cp->metrics);
	event_watch_destroy(cp->watch);
	event_streams_destroy(cp->streams);
	server_destroy(cp->server);
	event_bus_destroy(cp->events);
	dataplane_client_destroy(cp->client);
	whip_destroy(cp->whip); /* behind what it asks */
	accounting_destroy(cp->accounting);
	reload_destroy(cp->reload); /* behind what it asks */
	gate_keeper_destroy(cp->gate);
	log_keeper_destroy(cp->log);
	certificate_keeper_destroy(cp->certificates);
	own_destroy(cp->own);
	watchdog_destroy(cp->watchdog);
	for (size_t i = 0; i < sizeof(cp->signals) / sizeof(cp->signals[0]); i++)
		if (cp->signals[i] != NULL)
			event_free(cp->signals[i]);
	if (cp->base != NULL) {
		/* libevent frees a buffered connection, and ends a lookup, in its loop alone. */
		event_base_loop(cp->base, EVLOOP_NONBLOCK);
		http_client_destroy(cp->http_client);
		event_base_loop(cp->base, EVLOOP_NONBLOCK);
		event_base_free(cp->base);
	}
	seqpacket_listener_close(&cp->listener);
	running_destroy(cp->running);
	free(cp->buffer);
}

/* Such as a name server that does not answer: what came of it is said by who asked. */
static void on_libevent(int severity, const char *line)
{
	if (severity >= EVENT_LOG_ERR)
		log_error(SLUICE_LOG_PROCESS, "libevent: %s", line);
	else
		log_debug(SLUICE_LOG_PROCESS, "libevent: %s", line);
}

/* true: the program has done what it was asked for. */
static bool options_answer(const struct controlplane_options *options)
{
	if (options->help)
		options_print_help(&program_controlplane);
	if (options->version)
		printf("sluice-controlplane %s, API version %d\n", SLUICE_VERSION_TEXT,
		       SLUICE_API_VERSION);
	return options->help || options->version;
}

int main(int argc, char **argv)
{
	struct controlplane cp = {.listener = {.fd = -1}};
	int status = options_read(&program_controlplane, argc, argv, &cp.options);

	if (status >= 0 && status < argc) {
		option_fail(&program_controlplane, argv[status], "options only");
		return EXIT_FAILURE;
	}
	if (status < 0)
		return EXIT_FAILURE;
	if (options_answer(&cp.options))
		return EXIT_SUCCESS;
	signal(SIGPIPE, SIG_IGN); /* libevent writes to sockets that the far end has closed */
	event_set_log_callback(on_libevent);
	cp.config = cp.options.config != NULL ? cp.options.config : CONFIG_FILE_DEFAULT;
	cp.running = running_create();
	status = cp.running != NULL ? config_read(&cp) : -ENOMEM;
	if (status == 0 && !cp.options.check)
		status = serve(&cp);
	controlplane_end(&cp);
	return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
