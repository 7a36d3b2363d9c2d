/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/request.h"

#include <sluice/whip.h>

static const struct request requests[] = {
        REQUEST(SLUICE_WHIP_LIMIT_SET, {"webrtc", "limit"}, REQUEST_SET, BY_CONTROL,
                BODY(sluice_whip_limit)),
};

const struct request_table requests_whip = REQUEST_TABLE(requests);
