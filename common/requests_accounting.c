/* SPDX-License-Identifier: BSD-3-Clause */
/* Allocations that have ended: what is kept of them. */
#include "common/request.h"
#include "common/words.h"

#include <sluice/accounting.h>

#define ROW(member) FIELD(sluice_accounting_row, member)
#define ACCOUNTS    .counter = true, .unit = "accounts"

static const struct column accounting_columns[] = {
        {"to", "where accounts go", COLUMN_TEXT, ROW(to), .label = "to"},
        {"on", "whether they do", COLUMN_CHOICE, ROW(on), .choices = switch_words},
        {"waiting", "that wait for somebody who is away", COLUMN_NUMBER, ROW(waiting),
         .unit = "accounts", .metric = "sluice_accounts_waiting",
         .metric_help = "accounts that wait for somebody who is away"},
        {"told", "that have arrived there", COLUMN_NUMBER, ROW(told), ACCOUNTS,
         .metric = "sluice_accounts_told_total", .metric_help = "accounts that have arrived"},
        {"lost", "that were refused, or had no room to wait in", COLUMN_NUMBER, ROW(lost), ACCOUNTS,
         .metric = "sluice_accounts_lost_total",
         .metric_help = "accounts that were refused, or had no room to wait in"},
        {0},
};

static const struct reply accounting_reply = {REPLY(sluice_accounting_row, accounting_columns)};

static const struct request requests[] = {
        REQUEST(SLUICE_ACCOUNTING_LOG_SET, {"accounting", "log"}, REQUEST_SET, BY_CONTROL,
                BODY(sluice_accounting_log)),
        REQUEST(SLUICE_ACCOUNTING_KEEP_SET, {"accounting", "keep"}, REQUEST_SET, BY_CONTROL,
                BODY(sluice_accounting_keep)),
        REQUEST(SLUICE_ALLOCATION_HISTORY, {"allocation", "history"}, REQUEST_SHOW, BY_CONTROL,
                BODY(sluice_allocation_history), .texts = {TEXT(sluice_allocation_history, user)},
                .reply = &account_reply),
        REQUEST(SLUICE_ACCOUNTING_REDIS_SET, {"accounting", "redis"}, REQUEST_SET, BY_CONTROL,
                BODY(sluice_accounting_redis), .since = 9),
        REQUEST(SLUICE_ACCOUNTING_WEBHOOK_SET, {"accounting", "webhook"}, REQUEST_SET, BY_CONTROL,
                BODY(sluice_accounting_webhook), .since = 9,
                .texts = {TEXT(sluice_accounting_webhook, url),
                          TEXT(sluice_accounting_webhook, token)}),
        REQUEST(SLUICE_ACCOUNTING_SHOW, {"accounting", "show"}, REQUEST_SHOW, BY_CONTROL,
                .since = 9, .reply = &accounting_reply),
};

const struct request_table requests_accounting = REQUEST_TABLE(requests);
