/* SPDX-License-Identifier: BSD-3-Clause */
/* Judging what was seen: a sample each tick, and verdicts that follow the samples slowly. */
#include "region/view_state.h"

#include "command/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND    1000000000ull
#define PROBED_NS (5 * SECOND) /* a probe's result is evidence for so long */
#define LOSSY     5            /* of VIEW_PROBES */

/* -- evidence -- */

static uint32_t lost_count(const struct view_node *node)
{
	return node->probes - __builtin_popcount(node->answers);
}

static bool beat_is_fresh(uint64_t now, uint64_t beat)
{
	return since(now, beat) <= VIEW_BEAT_STALE;
}

/* One that never answered is perhaps behind a wall that lets no probe through: its beats alone
 * tell.
 */
static bool node_is_probed(const struct view_node *node, uint64_t now)
{
	return node->rtt_us != UINT32_MAX && since(now, node->probed) <= PROBED_NS;
}

static bool is_bad(enum sluice_verdict verdict)
{
	return verdict == SLUICE_VERDICT_DEGRADED || verdict == SLUICE_VERDICT_UNREACHABLE;
}

/* On the way back the row of good samples is what counts: each loss begins it again. */
static bool node_answers(const struct view_node *node, const struct judged *judged)
{
	return node->answers & 1 && (is_bad(judged->verdict) || lost_count(node) < LOSSY);
}

/* UNKNOWN: there is no evidence of this tick. */
static enum sluice_verdict node_sample(const struct view *view, const struct view_region *region,
                                       const struct view_node *node, uint64_t now)
{
	bool fresh = beat_is_fresh(now, node->beat);

	if (node_is_own(view, region, node))
		return SLUICE_VERDICT_HEALTHY;
	if (node_is_probed(node, now)) {
		if (!node->fresh_result)
			return SLUICE_VERDICT_UNKNOWN;
		if (node_answers(node, &node->judged))
			return SLUICE_VERDICT_HEALTHY;
		return fresh || node->answers & 1 ? SLUICE_VERDICT_DEGRADED
		                                  : SLUICE_VERDICT_UNREACHABLE;
	}
	if (fresh)
		return SLUICE_VERDICT_HEALTHY;
	/* Its Redis is away, and nobody probes it: that says nothing about the node. */
	if (since(now, region->read) > VIEW_BEAT_STALE)
		return SLUICE_VERDICT_UNKNOWN;
	/* The first sight of it is not its age. */
	if (node->beat == NEVER && since(now, node->first_seen) <= VIEW_BEAT_STALE)
		return SLUICE_VERDICT_UNKNOWN;
	return SLUICE_VERDICT_UNREACHABLE;
}

struct witnesses {
	uint32_t probed, results, answer; /* nodes */
};

static struct witnesses witnesses_count(const struct view_region *region, uint64_t now)
{
	struct witnesses count = {0};

	for (uint32_t i = 0; i < region->n_nodes; i++) {
		const struct view_node *node = region->nodes[i];

		if (!node_is_probed(node, now) || node->record.state == SLUICE_NODE_STOPPED)
			continue;
		count.probed++;
		count.results += node->fresh_result;
		count.answer += node->fresh_result && node_answers(node, &region->judged);
	}
	return count;
}

/* Nothing has been known of it for long enough to say that it is silent. */
static bool region_is_new(const struct view_region *region, uint64_t now)
{
	for (uint32_t i = 0; i < region->n_nodes; i++)
		if (region->nodes[i]->beat != NEVER ||
		    since(now, region->nodes[i]->first_seen) > VIEW_BEAT_STALE)
			return false;
	return true;
}

static enum sluice_verdict region_sample(const struct view *view, const struct view_region *region,
                                         uint64_t now)
{
	struct witnesses witnesses = witnesses_count(region, now);
	bool fresh = beat_is_fresh(now, region_beat(region));

	if (region_is_own(view, region))
		return SLUICE_VERDICT_HEALTHY;
	if (region->n_nodes == 0 || (witnesses.probed > 0 && witnesses.results == 0))
		return SLUICE_VERDICT_UNKNOWN;
	if (witnesses.probed > 0 && 2 * witnesses.answer >= witnesses.results)
		return SLUICE_VERDICT_HEALTHY;
	if (witnesses.probed > 0)
		return fresh || witnesses.answer > 0 ? SLUICE_VERDICT_DEGRADED
		                                     : SLUICE_VERDICT_UNREACHABLE;
	if (fresh)
		return SLUICE_VERDICT_HEALTHY;
	return region_is_new(region, now) ? SLUICE_VERDICT_UNKNOWN : SLUICE_VERDICT_UNREACHABLE;
}

/* -- hysteresis -- */

/* The verdict that the sample brings about. */
static enum sluice_verdict judged_follow(struct judged *judged, enum sluice_verdict sample)
{
	if (sample == SLUICE_VERDICT_UNKNOWN)
		return judged->verdict;
	judged->bad = is_bad(sample) ? judged->bad + 1 : 0;
	/* What is new is well at its first good sign. */
	if (judged->verdict == SLUICE_VERDICT_UNKNOWN && sample == SLUICE_VERDICT_HEALTHY)
		return sample;
	if (sample == judged->verdict) {
		judged->worse = judged->better = 0;
	} else if (sample > judged->verdict) {
		judged->mildest =
		        judged->worse++ == 0 || sample < judged->mildest ? sample : judged->mildest;
		judged->better = 0;
		if (judged->worse >= VIEW_BAD)
			return judged->mildest;
		/* It was bad for as long already: the second witness has only come later. */
		if (judged->verdict == SLUICE_VERDICT_DEGRADED && judged->bad > VIEW_BAD)
			return sample;
	} else {
		judged->worst =
		        judged->better++ == 0 || sample > judged->worst ? sample : judged->worst;
		judged->worse = 0;
		if (judged->better >= VIEW_GOOD)
			return judged->worst;
	}
	return judged->verdict;
}

/* -- reasons -- */

static void reason_beats(struct text *text, uint64_t age)
{
	if (age == NEVER)
		text_add(text, "no beats");
	else if (age <= VIEW_BEAT_STALE)
		text_add(text, "beats fresh");
	else
		text_addf(text, "beats stale %.1f s", (double)age / SECOND);
}

static void node_reason(const struct view *view, struct view_region *region, struct view_node *node,
                        uint64_t now)
{
	struct text text;

	text_start(&text, node->judged.reason, sizeof(node->judged.reason));
	if (node_is_own(view, region, node)) {
		text_add(&text, "this node");
		return;
	}
	reason_beats(&text, since(now, node->beat));
	if (node->probes == 0) {
		text_add(&text, ", not probed");
		return;
	}
	text_addf(&text, ", probes %u/%u", node->probes - lost_count(node), node->probes);
}

static void region_reason(const struct view *view, struct view_region *region, uint64_t now)
{
	uint32_t probes = 0, answered = 0;
	struct text text;

	text_start(&text, region->judged.reason, sizeof(region->judged.reason));
	if (region->n_nodes == 0) {
		text_add(&text,
		         region->read != NEVER ? "no node is known" : "nothing was seen yet");
		return;
	}
	if (region_is_own(view, region))
		text_add(&text, "this node's, ");
	reason_beats(&text, since(now, region_beat(region)));
	for (uint32_t i = 0; i < region->n_nodes; i++) {
		const struct view_node *node = region->nodes[i];

		probes += node->probes;
		answered += node->probes - lost_count(node);
	}
	if (probes > 0)
		text_addf(&text, ", probes %u/%u", answered, probes);
	else if (!region_is_own(view, region))
		text_add(&text, ", not probed");
	if (view->held != 0 && !region_is_own(view, region))
		text_addf(&text, "; we see nobody, held %.0f s",
		          (double)since(now, view->held) / SECOND);
}

/* -- our own view may be what is bad -- */

/* Beats of the last seconds outlive a split: where there are probes, these tell first. */
static bool region_is_seen(const struct view_region *region, uint64_t now)
{
	struct witnesses witnesses = witnesses_count(region, now);

	if (witnesses.probed == 0)
		return beat_is_fresh(now, region_beat(region));
	for (uint32_t i = 0; i < region->n_nodes; i++)
		if (region->nodes[i]->fresh_result && region->nodes[i]->answers & 1)
			return true;
	return false;
}

/*
 * All others at once: then it is we who see nothing. With one other region nobody can tell who is
 * away, and it is taken at its word.
 */
static bool hold_begins(const struct view *view)
{
	uint32_t others = 0, bad = 0, good_until_now = 0;
	bool due = false; /* a verdict is about to change; one lost probe each is chance */

	for (uint32_t i = 0; i < view->n_regions; i++) {
		const struct view_region *region = view->regions[i];

		if (region_is_own(view, region) || region->n_nodes == 0)
			continue;
		others++;
		/* No sample of this tick: the row that began goes on. */
		bad += is_bad(region->sample) ||
		       (region->sample == SLUICE_VERDICT_UNKNOWN && region->judged.worse > 0);
		good_until_now += region->judged.verdict == SLUICE_VERDICT_HEALTHY;
		due |= region->judged.worse + 1 >= VIEW_BAD;
	}
	return others >= 2 && bad == others && due && good_until_now >= 2;
}

static bool hold_ends(const struct view *view, uint64_t now)
{
	for (uint32_t i = 0; i < view->n_regions; i++)
		if (!region_is_own(view, view->regions[i]) && region_is_seen(view->regions[i], now))
			return true;
	return false;
}

/* What was lost meanwhile was lost here, and says nothing about the others. */
static void losses_forget(struct view_region *region)
{
	region->judged.worse = region->judged.better = 0;
	for (uint32_t i = 0; i < region->n_nodes; i++) {
		struct view_node *node = region->nodes[i];

		node->judged.worse = node->judged.better = 0;
		node->answers &= 1;
		node->probes = node->probes > 0;
	}
}

/* -- the tick -- */

struct tick {
	struct view *view;
	uint64_t now;
	view_changed_fn *changed;
	void *arg;
};

static void verdict_set(const struct tick *tick, const char *region, const char *id,
                        struct judged *judged, enum sluice_verdict verdict)
{
	const struct view_change change = {
	        .region = region,
	        .id = id,
	        .before = judged->verdict,
	        .after = verdict,
	        .reason = judged->reason,
	};

	if (verdict == judged->verdict)
		return;
	judged->verdict = verdict;
	judged->changed = tick->now;
	judged->worse = judged->better = 0;
	if (tick->changed != NULL)
		tick->changed(tick->arg, &change);
}

static void node_judge(const struct tick *tick, struct view_region *region, struct view_node *node)
{
	enum sluice_verdict sample = node_sample(tick->view, region, node, tick->now);

	node_reason(tick->view, region, node, tick->now);
	if (tick->view->held == 0 || region_is_own(tick->view, region))
		verdict_set(tick, region->name, node->record.id, &node->judged,
		            judged_follow(&node->judged, sample));
	node->fresh_result = false;
}

/* One that is in no Redis, and that nobody sees, was taken out of service. */
static bool node_is_forgotten(const struct view *view, const struct view_region *region,
                              const struct view_node *node, uint64_t now)
{
	uint64_t seen = node->beat != NEVER ? node->beat : node->first_seen;

	return !node_is_own(view, region, node) && view->held == 0 &&
	       since(now, region->read) <= VIEW_BEAT_STALE && since(now, seen) > VIEW_FORGET_NS &&
	       !(node_is_probed(node, now) && node->answers != 0);
}

static void nodes_forget(struct view *view, struct view_region *region, uint64_t now)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < region->n_nodes; i++) {
		if (node_is_forgotten(view, region, region->nodes[i], now))
			free(region->nodes[i]);
		else
			region->nodes[kept++] = region->nodes[i];
	}
	region->n_nodes = kept;
}

static void region_judge(const struct tick *tick, struct view_region *region)
{
	region_reason(tick->view, region, tick->now);
	if (tick->view->held == 0 || region_is_own(tick->view, region))
		verdict_set(tick, region->name, NULL, &region->judged,
		            judged_follow(&region->judged, region->sample));
	for (uint32_t i = 0; i < region->n_nodes; i++)
		node_judge(tick, region, region->nodes[i]);
	nodes_forget(tick->view, region, tick->now);
}

static void samples_take(struct view *view, uint64_t now)
{
	for (uint32_t i = 0; i < view->n_regions; i++)
		view->regions[i]->sample = region_sample(view, view->regions[i], now);
}

static void hold_follow(struct view *view, uint64_t now)
{
	if (view->held == 0) {
		if (hold_begins(view))
			view->held = now;
		return;
	}
	if (!hold_ends(view, now))
		return;
	view->held = 0;
	for (uint32_t i = 0; i < view->n_regions; i++)
		losses_forget(view->regions[i]);
	samples_take(view, now);
}

void view_tick(struct view *view, uint64_t now, view_changed_fn *changed, void *arg)
{
	const struct tick tick = {view, now, changed, arg};

	samples_take(view, now);
	hold_follow(view, now);
	for (uint32_t i = 0; i < view->n_regions; i++)
		region_judge(&tick, view->regions[i]);
}
