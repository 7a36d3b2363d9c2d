/* SPDX-License-Identifier: BSD-3-Clause */
/* Allocations that have ended: what is kept of them. */
#include "common/request.h"

#include <sluice/accounting.h>

static const struct request requests[] = {
        REQUEST(SLUICE_ACCOUNTING_LOG_SET, {"accounting", "log"}, REQUEST_SET, BY_CONTROL,
                BODY(sluice_accounting_log)),
        REQUEST(SLUICE_ACCOUNTING_KEEP_SET, {"accounting", "keep"}, REQUEST_SET, BY_CONTROL,
                BODY(sluice_accounting_keep)),
        REQUEST(SLUICE_ALLOCATION_HISTORY, {"allocation", "history"}, REQUEST_SHOW, BY_CONTROL,
                BODY(sluice_allocation_history), .texts = {TEXT(sluice_allocation_history, user)},
                .reply = &account_reply),
};

const struct request_table requests_accounting = REQUEST_TABLE(requests);
