/* SPDX-License-Identifier: BSD-3-Clause */
/* Reports to very many endpoints of one worker that is busy: each has its own about once a second,
 * and no walk stands still for them. */
#include "srtp_population.h"

#include "media/fan.h"
#include "media/sender_clock.h"

#include <rte_cycles.h>

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define STREAMS   20
#define LEGS      1000
#define ENDPOINTS (STREAMS * LEGS)
#define WALK_US   50 /* as long as a walk that writes 256 packets */
#define SECONDS   4
/* One is due after 1.5 s at the latest, and found half a second later. */
#define REPORTS_LEAST 2
/* Due after half a second at the soonest. */
#define REPORTS_MOST     8
#define REPORTS_PER_WALK 128 /* some 100 us */

static uint32_t port_empty(struct srtp_population *population)
{
	struct rte_mbuf *mbuf;
	uint32_t count = 0;

	for (; (mbuf = rig_collect(&population->rig, 1)) != NULL; count++)
		rte_pktmbuf_free(mbuf);
	return count;
}

/* The worker's clock is the test's: what the machine does to this process meanwhile takes no time.
 */
static void walk_at(struct worker *worker, uint64_t tsc)
{
	worker->tsc_skew = tsc - rte_rdtsc();
	worker_walk(worker);
}

/* All legs have sent, so that there is something to report. */
static void legs_start(struct srtp_population *population, uint64_t now)
{
	struct worker *worker = population->rig.dp->workers[0];

	for (uint32_t stream = 1; stream <= STREAMS; stream++) {
		struct rte_mbuf *mbuf = srtp_population_packet(population, stream, 1, 100);

		assert_non_null(mbuf);
		assert_int_equal(worker_inbox_put(worker, &mbuf, 1), 1);
		sender_clock_write(&population->media->streams[stream].clock, 1, 1, worker->tsc);
	}
	do {
		walk_at(worker, now);
		port_empty(population);
	} while (!fan_empty(worker->media));
	assert_int_equal(worker->media->counters[MEDIA_FORWARDED], ENDPOINTS);
}

static void each_has_its_report_in_time(void **state)
{
	const struct srtp_population_plan plan = {
	        .profile = SLUICE_SRTP_CM80,
	        .engine = &srtp_engine_ipsec_mb,
	        .workers = 1,
	        .streams = STREAMS,
	        .legs = LEGS,
	        .mbufs = 4095,
	};
	struct srtp_population population;
	struct worker *worker;
	uint64_t now;

	assert_int_equal(srtp_population_create(&population, &plan), 0);
	worker = population.rig.dp->workers[0];
	worker_walk(worker);
	now = worker->tsc;
	legs_start(&population, now);
	/* Until its clock has moved that far: on a busy machine a walk may last longer than its
	 * share. */
	for (uint64_t end = now + SECONDS * worker->tsc_hz; now < end;) {
		/* never back, where the clock ran on in the midst of a walk */
		now = RTE_MAX(now + worker->tsc_hz / 1000000 * WALK_US, worker->tsc);
		walk_at(worker, now);
		assert_in_range(port_empty(&population), 0, REPORTS_PER_WALK);
	}
	for (uint32_t i = 1; i <= ENDPOINTS; i++)
		assert_in_range(population.media->endpoints[i].rtcp_index, REPORTS_LEAST,
		                REPORTS_MOST);
	srtp_population_destroy(&population);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_has_its_report_in_time),
	};

	if (rig_eal("rtcp_round", 512, false) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
