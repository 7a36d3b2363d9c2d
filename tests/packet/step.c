/* SPDX-License-Identifier: BSD-3-Clause */
/* One step: sent, and judged by what came out and by the counters. */
#include "step_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What stood in the counters before the step. */
struct before {
	uint64_t drops[DROP_REASONS];
	uint64_t turn[TURN_COUNTERS];
	uint64_t handed_over;
};

bool wrong(struct run *run, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(run->why, run->why_size, format, args);
	va_end(args);
	return false;
}

static uint64_t handed_over(const struct scene *scene)
{
	uint64_t sum = 0;

	for (uint16_t i = 0; i < scene->rig.dp->n_workers; i++)
		sum += scene->rig.dp->workers[i]->handed_over;
	return sum;
}

static void counters_read(const struct scene *scene, struct before *before)
{
	for (uint32_t i = 0; i < DROP_REASONS; i++)
		before->drops[i] = scene_drops(scene, i);
	for (uint32_t i = 0; i < TURN_COUNTERS; i++)
		before->turn[i] = turn_counter_sum(scene->rig.dp->turn, i);
	before->handed_over = handed_over(scene);
}

/* Of the drop counters exactly the expected one has moved, by one. */
static bool drops_check(struct run *run, const struct before *before)
{
	for (uint32_t i = 0; i < DROP_REASONS; i++) {
		uint64_t moved = scene_drops(run->scene, i) - before->drops[i];
		uint64_t expected = run->step->drop != DROP_NONE && i == run->step->drop;

		if (moved != expected)
			return wrong(run, "counter drop.%s moved by %lu", drop_reasons[i].name,
			             moved);
	}
	return true;
}

struct error_counter {
	uint16_t error;
	enum turn_counter counter;
};

static const struct error_counter error_counters[] = {
        {300, TURN_ERROR_300}, {400, TURN_ERROR_400}, {401, TURN_ERROR_401}, {403, TURN_ERROR_403},
        {405, TURN_ERROR_405}, {420, TURN_ERROR_420}, {437, TURN_ERROR_437}, {438, TURN_ERROR_438},
        {440, TURN_ERROR_440}, {441, TURN_ERROR_441}, {442, TURN_ERROR_442}, {443, TURN_ERROR_443},
        {486, TURN_ERROR_486}, {508, TURN_ERROR_508},
};

static int counter_of_request(const struct step *step)
{
	for (size_t i = 0; i < RTE_DIM(error_counters); i++)
		if (error_counters[i].error == step->error)
			return error_counters[i].counter;
	if (step->retransmit)
		return TURN_RETRANSMITTED;
	switch (step->request.method) {
	case STUN_BINDING:
		return TURN_BINDING;
	case STUN_ALLOCATE:
		return TURN_ALLOCATE_SUCCESS;
	case STUN_REFRESH:
		return TURN_REFRESH_SUCCESS;
	case STUN_CREATE_PERMISSION:
		return TURN_CREATE_PERMISSION_SUCCESS;
	default:
		return TURN_CHANNEL_BIND_SUCCESS;
	}
}

static bool turn_counter_check(struct run *run, const struct before *before)
{
	const struct step *step = run->step;
	int counter;

	switch (step->act) {
	case ICMP:
		return true;
	case REQUEST:
		counter = counter_of_request(step);
		break;
	case CHANNEL_DATA:
		counter = TURN_CHANNEL_TO_PEER;
		break;
	case SEND:
		counter = TURN_SEND_TO_PEER;
		break;
	default:
		counter = form_expected(step) == FORM_CHANNEL ? TURN_CHANNEL_TO_CLIENT
		                                              : TURN_DATA_TO_CLIENT;
		break;
	}
	if (turn_counter_sum(run->scene->rig.dp->turn, counter) != before->turn[counter] + 1)
		return wrong(run, "counter turn.%s has not moved",
		             turn_counter_infos[counter].name);
	return true;
}

static bool outcome_check(struct run *run, const struct before *before)
{
	bool handed = handed_over(run->scene) != before->handed_over;

	if (!drops_check(run, before))
		return false;
	/* of one queue for all, some flows are the other worker's, and each step may be */
	if (run->scene->rig.queues == run->scene->rig.dp->n_workers &&
	    handed != run->step->handed_over)
		return wrong(run, "%s by way of another worker", handed ? "went" : "did not go");
	if ((run->step->tells != 0 || run->step->unreachable) && !told_check(run))
		return false;
	if (run->step->drop != DROP_NONE || run->step->kept)
		return run->step->rest_left || nothing_check(run);
	if (!step_arrival_check(run))
		return false;
	return turn_counter_check(run, before);
}

/* Clients ask for a nonce as the first thing, as any client does. */
static bool nonce_ask(struct run *run)
{
	const struct step *step = run->step;
	struct step ask = {
	        .act = REQUEST,
	        .who = step->proof == PROOF_FOREIGN_NONCE ? CLIENT_B4 : step->who,
	        .request = {.method = STUN_ALLOCATE, .transport = 17},
	        .proof = PROOF_NONE,
	        .error = 401,
	};
	bool needed = step->act == REQUEST && step->proof != PROOF_NONE &&
	              step->request.method != STUN_BINDING && step->proof != PROOF_FORGED_NONCE &&
	              step->drop == DROP_NONE;

	if (!needed || run->scene->clients[ask.who].has_nonce)
		return true;
	return step_run(run->scene, &ask, run->why, run->why_size);
}

bool step_run(struct scene *scene, const struct step *step, char *why, size_t size)
{
	struct run run = {.scene = scene, .step = step, .why = why, .why_size = size};
	struct before before;

	switch (step->act) {
	case LATER:
		scene_wait(scene, step->seconds);
		return true;
	case SWEEP:
		scene_sweep(scene);
		return true;
	case CALL:
		return step->call(scene) || wrong(&run, "not so");
	default:
		if (!nonce_ask(&run))
			return false;
		counters_read(scene, &before);
		step_send(&run);
		return outcome_check(&run, &before);
	}
}
