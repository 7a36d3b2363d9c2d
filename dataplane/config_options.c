/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of sluice-dataplane; the manual is written from them as well. */
#include "common/option.h"
#include "config.h"
#include "media/cache.h"
#include "stream/stream.h"

#include <sluice/stats.h>

#include <rte_common.h>
#include <rte_mbuf.h>

#include <assert.h>
#include <sched.h>
#include <stdlib.h>

static_assert(CONFIG_EAL_ARGS_MAX == 32, "what --eal says");
static_assert(RTE_MBUF_DEFAULT_BUF_SIZE == 2176, "what --mbuf-size is unless given");
static_assert(SLUICE_POLL_ADAPTIVE == 0 && SLUICE_POLL_BUSY == 1, "the places in --poll");

/* "2-5,8" */
static const char *cpus_read(const struct option_row *row, void *values, const char *argument)
{
	static const char expected[] = "a list of CPUs as \"2-5,8\", each once";
	struct config *config = values;
	cpu_set_t seen;

	CPU_ZERO(&seen);
	config->n_cpus = 0;
	for (const char *at = argument;; at++) {
		char *end;
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (*at < '0' || *at > '9')
			return expected;
		if (*end == '-') {
			at = end + 1;
			last = strtoul(at, &end, 10);
			if (*at < '0' || *at > '9' || last < first)
				return expected;
		}
		for (; first <= last; first++) {
			if (first >= CPU_SETSIZE || config->n_cpus == WORKERS_MAX ||
			    CPU_ISSET(first, &seen))
				return expected;
			CPU_SET(first, &seen);
			config->cpus[config->n_cpus++] = (uint16_t)first;
		}
		at = end;
		if (*at == '\0')
			return config->n_cpus > 0 ? NULL : expected;
		if (*at != ',')
			return expected;
	}
}

static const char *eal_read(const struct option_row *row, void *values, const char *argument)
{
	struct config *config = values;

	if (config->n_eal_args == CONFIG_EAL_ARGS_MAX)
		return "fewer of them";
	config->eal_args[config->n_eal_args++] = argument;
	return NULL;
}

#define AT(member)               offsetof(struct config, member)
#define NUMBER(member, min, max) OPTION_NUMBER(struct config, member, min, max)

static const struct option_row rows[] = {
        {0, "socket", "PATH", "where to listen for sluicectl and the control plane",
         AT(options.socket_path), .otherwise = SLUICE_DATAPLANE_SOCKET},
        {0, "workers", "N",
         "threads that move packets, a core each; as many as --cpus names, or 1, unless given",
         NUMBER(options.workers, 1, WORKERS_MAX)},
        {0, "cpus", "LIST",
         "the cores of the workers (\"2-5,8\"), one each; the last ones unless given", 0,
         cpus_read},
        {0, "poll", "adaptive|busy",
         "whether idle workers sleep until a packet comes (beside ports of DPDK's drivers for 100 "
         "microseconds at most), or never",
         AT(options.poll), option_choice_place, .otherwise = "adaptive"},
        {0, "max-allocations", "N", "TURN allocations at most",
         NUMBER(options.max_allocations, 1, 1u << 24), "100000"},
        {0, "max-permissions", "N",
         "permissions at most, of all allocations; 4 for each allocation unless given",
         NUMBER(options.max_permissions, 1, 1u << 26)},
        {0, "max-channels", "N",
         "channels at most, of all allocations; 4 for each allocation unless given",
         NUMBER(options.max_channels, 1, 1u << 26)},
        {0, "max-channels-per-allocation", "N", "channels at most, of one allocation",
         NUMBER(options.max_channels_per_allocation, 1, 16384), "512"},
        {0, "max-endpoints", "N", "SRTP endpoints at most, 0 for no SRTP forwarding",
         NUMBER(options.max_endpoints, 0, 1u << 20), "8192"},
        {0, "max-streams", "N", "streams at most, of all endpoints",
         NUMBER(options.max_streams, 1, 1u << 20), "8192"},
        {0, "max-subscriptions", "N", "subscriptions at most, of all streams",
         NUMBER(options.max_subscriptions, 1, 1u << 22), "65536"},
        {0, "max-sessions", "N", "browsers' sessions at most, 0 for no browsers",
         NUMBER(options.max_sessions, 0, 1u << 20), "4096"},
        {0, "session-consent", "SECONDS",
         "without a valid connectivity check, nor a packet of a publisher, a session ends (RFC "
         "7675)",
         NUMBER(options.session_consent_s, 10, 60), "30"},
        {0, "stream-threads", "N",
         "threads that serve clients by TCP, TLS and DTLS, on what cores the workers leave; 0 for "
         "none",
         NUMBER(options.stream_threads, 0, STREAM_THREADS_MAX), "1"},
        {0, "max-connections", "N", "connections of such clients at most",
         NUMBER(options.stream_connections, 1, 200000), "20000"},
        {0, "stream-memory", "MB",
         "megabytes that may wait for such clients to read them, or for the end of a message",
         NUMBER(options.stream_mb, 1, 1u << 20), "256"},
        {0, "memory", "MB",
         "megabytes for packets, taken at start; by the sizes of the tables unless given",
         NUMBER(memory_mb, 64, 1u << 20)},
        {0, "no-huge", NULL, "use ordinary pages", AT(no_huge)},
        {0, "mbufs", "N", "packet buffers, of all ports", NUMBER(options.mbufs, 1024, 1u << 26),
         "32767"},
        {0, "mbuf-size", "BYTES",
         "of a packet buffer, its headroom of 128 included; a jumbo frame needs to fit into one",
         NUMBER(options.mbuf_size, RTE_MBUF_DEFAULT_BUF_SIZE, 16384 + RTE_PKTMBUF_HEADROOM),
         "2176"},
        {0, "media-cache", "N",
         "packets of a stream that a worker keeps, for a second at most, to retransmit them",
         NUMBER(options.media_cache, PACKET_CACHE_MIN, PACKET_CACHE_MAX),
         RTE_STR(MEDIA_CACHE_PACKETS)},
        {0, "srtp-engine", "auto|ipsec-mb|libsrtp2",
         "what enciphers SRTP; auto is ipsec-mb where the CPU has AES instructions",
         AT(options.srtp_engine), option_choice, .otherwise = "auto"},
        {0, "no-remote-estimate", NULL,
         "tell publishers nothing of what their path has proven to carry",
         AT(options.no_remote_estimate)},
        {0, "no-viewer-estimate", NULL, "do not choose viewers' layers by what their path carries",
         AT(options.no_viewer_estimate)},
        {0, "xdp-object", "PATH",
         "the XDP program of the ports; the one that was built or installed with this program "
         "unless given",
         AT(options.xdp_object)},
        {0, "ledger", "PATH|off",
         "where the state of calls outlives this process; \"ledger\" in the socket's folder unless "
         "given",
         AT(options.ledger)},
        {0, "take-over", NULL,
         "take the place of the dataplane that runs, with its calls, and let it end; returns when "
         "that is done",
         AT(take_over)},
        {0, "gate-memory", "MB",
         "megabytes in which the gate remembers requests of an attack, a power of two; 64 hold 59 "
         "million",
         NUMBER(options.gate_mb, 1, 1024), "64"},
        {0, "capture-memory", "MB", "megabytes that the buffers of all captures may take together",
         NUMBER(options.capture_mb, 1, 1u << 20), "2048"},
        {0, "allow-core", NULL,
         "let the kernel write core files, to find a fault: keys and passwords are in them",
         AT(allow_core)},
        {0, "allow-decrypted", NULL, "let captures show decrypted media; each is logged",
         AT(options.allow_decrypted)},
        {0, "eal", "ARG", "an argument for DPDK's EAL; may be repeated, 32 times at most", 0,
         eal_read},
        {0, "api-version", "N",
         "for tests: speak to the control plane as a program of this API version does",
         NUMBER(options.api_version, SLUICE_API_VERSION_OLDEST, SLUICE_API_VERSION)},
        {0, "test-clock", NULL, "for tests: let workers' time be put forward over the socket",
         AT(options.test_clock)},
        {'V', "version", NULL, "print the version, and DPDK's", AT(version)},
        {'h', "help", NULL, "print this help", AT(help)},
        {0},
};

const struct program program_dataplane = {
        .name = "sluice-dataplane",
        .synopsis = "[OPTION]...",
        .summary = "moves media packets: TURN relay and SRTP forwarding on DPDK ports",
        .options = rows,
};
