/* SPDX-License-Identifier: BSD-3-Clause */
/* A step of a packet test while it runs: sending, and judging what came out. */
#ifndef TESTS_PACKET_STEP_RUN_H
#define TESTS_PACKET_STEP_RUN_H

#include "case.h"

#define DEFAULT_HOP_LIMIT 64

struct run {
	struct scene *scene;
	const struct step *step;
	char *why;
	size_t why_size;
};

/* False, with why. */
bool wrong(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What the step sends as data, or a pattern of the length that it names. Returns the length. */
uint16_t step_data(const struct step *step, uint8_t room[FRAME_MAX]);
void step_send(struct run *run);

/* How relayed data must arrive. */
enum form {
	FORM_PLAIN, /* at a peer */
	FORM_CHANNEL,
	FORM_DATA,
};
enum form form_expected(const struct step *step);

/* What the step's act leads to comes out, right in every field. */
bool step_arrival_check(struct run *run);
/* The sender hears of it by ICMP. */
bool told_check(struct run *run);
bool nothing_check(struct run *run);

#endif
