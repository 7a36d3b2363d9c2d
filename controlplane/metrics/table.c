/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics/metrics.h"

#include <string.h>

const struct request *metric_request(enum metric_source source)
{
	static const uint16_t types[SOURCES] = {
	        [SOURCE_VERSION] = SLUICE_VERSION,
	        [SOURCE_HTTP] = SLUICE_HTTP_SHOW,
	        [SOURCE_CONFIG] = SLUICE_CONFIG_STATUS,
	        [SOURCE_GATE] = SLUICE_GATE_SHOW,
	        [SOURCE_REGION] = SLUICE_REGION_SHOW,
	        [SOURCE_SNAPSHOT] = SLUICE_SNAPSHOT_SHOW,
	        [SOURCE_TURN] = SLUICE_TURN_SHOW,
	        [SOURCE_WORKER] = SLUICE_WORKER_SHOW,
	        [SOURCE_PORT] = SLUICE_PORT_SHOW,
	        [SOURCE_GRAPH] = SLUICE_GRAPH_SHOW,
	        [SOURCE_POOL] = SLUICE_POOL_SHOW,
	        [SOURCE_CAPTURE] = SLUICE_CAPTURE_SHOW,
	        [SOURCE_MEDIA] = SLUICE_MEDIA_SHOW,
	        [SOURCE_LEDGER] = SLUICE_LEDGER_STATUS,
	        [SOURCE_WHIP] = SLUICE_WHIP_SHOW,
	        [SOURCE_COUNTER] = SLUICE_COUNTER_SHOW,
	        [SOURCE_ACCOUNTING] = SLUICE_ACCOUNTING_SHOW,
	        [SOURCE_CERTIFICATE] = SLUICE_TURN_CERTIFICATE_SHOW,
	        [SOURCE_REALM] = SLUICE_TURN_REALM_SHOW,
	};

	return request_of(types[source]);
}

bool metric_next(struct metric *metric)
{
	const struct column *column = metric->column;

	for (; metric->source < SOURCES; metric->source++, column = NULL) {
		column = column != NULL ? column + 1
		                        : metric_request(metric->source)->reply->columns;
		while (column->key != NULL && column->metric == NULL)
			column++;
		if (column->key == NULL)
			continue;
		metric->column = column;
		return true;
	}
	return false;
}

const char *metric_help(const struct metric *metric)
{
	const struct column *column = metric->column;

	return column->metric_help != NULL ? column->metric_help : column->help;
}

const char *metric_kind(const struct metric *metric)
{
	return metric->column->counter ? "counter" : "gauge";
}

bool metric_is_total(const struct metric *metric)
{
	return metric->column->form == METRIC_SUM || metric->column->form == METRIC_ROWS ||
	       metric->column->form == METRIC_LEAST;
}

const struct column *metric_label(const struct metric *metric)
{
	const struct column *key = reply_key(metric_request(metric->source)->reply);

	return key != NULL && key->label != NULL && !metric_is_total(metric) ? key : NULL;
}

const struct metric_area metric_areas[] = {
        {"drop", "sluice_drops_total", "reason", "packets that the dataplane dropped, by reason"},
        {"gate", "sluice_gate_events_total", "event", "what the XDP gate decided and counted"},
        {"gate_node", "sluice_gate_node_events_total", "event",
         "what the dataplane's own gate decided and counted"},
        {"worker", .elsewhere = true},
        {"port", .elsewhere = true},
        {0},
};
