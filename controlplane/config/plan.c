/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/plan.h"

#include "config/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/media.h>
#include <sluice/port.h>

#define PHASES 4

/* Steps of one phase, in their order. */
enum phase {
	PHASE_FREE,    /* comes, and touches nothing that is there */
	PHASE_WAY,     /* goes, to make way */
	PHASE_BLOCKED, /* comes where something went */
	PHASE_REST,    /* goes */
};

struct planning {
	const struct running *running, *fresh;
	struct steps phases[PHASES];
};

static void step_free(struct step *step)
{
	if (step->fresh != NULL)
		explicit_bzero(step->fresh, sizeof(*step->fresh));
	if (step->old != NULL)
		explicit_bzero(step->old, sizeof(*step->old));
	free(step->fresh);
	free(step->old);
	free(step);
}

static int request_take(struct command_request **request, const struct running_line *line)
{
	if (line == NULL)
		return 0;
	*request = malloc(sizeof(**request));
	if (*request == NULL)
		return -ENOMEM;
	running_line_request(line, *request);
	return 0;
}

static int step_add(struct planning *planning, enum phase phase, enum step_kind kind,
                    const struct running_line *fresh, const struct running_line *old)
{
	struct step *step = calloc(1, sizeof(*step));

	if (step == NULL)
		return -ENOMEM;
	step->kind = kind;
	step->number = fresh != NULL ? fresh->number : 0;
	if (request_take(&step->fresh, fresh) < 0 || request_take(&step->old, old) < 0) {
		step_free(step);
		return -ENOMEM;
	}
	if (kind == STEP_DELETE) /* what hangs on others came behind them, and goes before them */
		TAILQ_INSERT_HEAD(&planning->phases[phase], step, entry);
	else
		TAILQ_INSERT_TAIL(&planning->phases[phase], step, entry);
	return 0;
}

static bool body_is_equal(const struct running_line *a, const struct running_line *b)
{
	return memcmp(a->request.body.bytes, b->request.body.bytes, a->request.length) == 0;
}

/* Made by calls' signalling, not by who wrote the file. */
static bool line_is_of_a_call(const struct running_line *line)
{
	uint16_t type = line->request.command->type;

	return line->number == 0 && (type == SLUICE_ENDPOINT_ADD || type == SLUICE_STREAM_ADD ||
	                             type == SLUICE_SUBSCRIPTION_ADD);
}

static bool line_stays(const struct planning *planning, const struct running_line *line)
{
	const struct running_line *fresh = running_find(planning->fresh, &line->request);

	return fresh != NULL ? body_is_equal(fresh, line) : line_is_of_a_call(line);
}

/* A line that is there, and changes or goes, is in the way of this one. */
static bool is_blocked(const struct planning *planning, const struct running_line *fresh)
{
	char why[SLUICE_API_ERROR_MAX];
	struct running_line *line = NULL;

	while ((line = running_next(planning->running, line)) != NULL)
		if (rules_conflict(&fresh->request, line, why) && !line_stays(planning, line))
			return true;
	return false;
}

static bool is_in_the_way(const struct planning *planning, const struct running_line *old)
{
	char why[SLUICE_API_ERROR_MAX];
	struct running_line *line = NULL;

	while ((line = running_next(planning->fresh, line)) != NULL)
		if (rules_conflict(&line->request, old, why))
			return true;
	return false;
}

/* A port has another device: it is deleted and added. */
static bool is_replaced(const struct running_line *line)
{
	return line->request.command->type == SLUICE_PORT_ADD;
}

static int fresh_plan(struct planning *planning, const struct running_line *fresh)
{
	const struct running_line *old = running_find(planning->running, &fresh->request);
	int error;

	if (old != NULL && body_is_equal(old, fresh))
		return 0;
	if (old != NULL && is_replaced(fresh)) {
		error = step_add(planning, PHASE_WAY, STEP_DELETE, NULL, old);
		return error < 0 ? error : step_add(planning, PHASE_BLOCKED, STEP_ADD, fresh, NULL);
	}
	return step_add(planning, is_blocked(planning, fresh) ? PHASE_BLOCKED : PHASE_FREE,
	                old != NULL ? STEP_CHANGE : STEP_ADD, fresh, old);
}

static int old_plan(struct planning *planning, const struct running_line *old)
{
	if (running_find(planning->fresh, &old->request) != NULL || line_is_of_a_call(old))
		return 0;
	if (command_kind(old->request.command) == REQUEST_SET)
		/* a node's last beat takes its region's Redis, whose line may go as well */
		return step_add(planning,
		                old->request.command->type == SLUICE_NODE_SET ? PHASE_WAY
		                                                              : PHASE_REST,
		                STEP_UNSET, NULL, old);
	return step_add(planning, is_in_the_way(planning, old) ? PHASE_WAY : PHASE_REST,
	                STEP_DELETE, NULL, old);
}

static void phases_join(struct plan *plan, struct planning *planning)
{
	struct step *step;

	for (int i = 0; i < PHASES; i++)
		TAILQ_CONCAT(&plan->steps, &planning->phases[i], entry);
	TAILQ_FOREACH(step, &plan->steps, entry)
	{
		plan->added += step->kind == STEP_ADD;
		plan->changed += step->kind == STEP_CHANGE;
		plan->removed += step->kind == STEP_DELETE || step->kind == STEP_UNSET;
	}
}

int plan_make(struct plan *plan, const struct running *running, const struct running *fresh)
{
	struct planning planning = {.running = running, .fresh = fresh};
	struct running_line *line = NULL;
	int error = 0;

	*plan = (struct plan){0};
	TAILQ_INIT(&plan->steps);
	for (int i = 0; i < PHASES; i++)
		TAILQ_INIT(&planning.phases[i]);
	while (error == 0 && (line = running_next(fresh, line)) != NULL)
		error = fresh_plan(&planning, line);
	for (line = running_next(running, NULL); error == 0 && line != NULL;
	     line = running_next(running, line))
		error = old_plan(&planning, line);
	phases_join(plan, &planning);
	if (error < 0)
		plan_free(plan);
	return error;
}

void plan_free(struct plan *plan)
{
	struct step *step;

	while ((step = TAILQ_FIRST(&plan->steps)) != NULL) {
		TAILQ_REMOVE(&plan->steps, step, entry);
		step_free(step);
	}
}

static void line_print(FILE *out, char sign, const struct command_request *request, bool secrets)
{
	char text[COMMAND_TEXT_MAX];

	if (request == NULL)
		return;
	command_format(request, secrets, text, sizeof(text));
	fprintf(out, "%c %s\n", sign, text);
	explicit_bzero(text, sizeof(text));
}

char *plan_text(const struct plan *plan, bool secrets)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	const struct step *step;

	if (out == NULL)
		return NULL;
	TAILQ_FOREACH(step, &plan->steps, entry)
	{
		line_print(out, '-', step->old, secrets);
		line_print(out, '+', step->fresh, secrets);
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
