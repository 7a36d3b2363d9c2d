/* SPDX-License-Identifier: BSD-3-Clause */
#include "part.h"

#include "capture/capture.h"
#include "gate/gate.h"
#include "media/media.h"
#include "net/mirror.h"
#include "net/neighbour.h"
#include "net/next_hop.h"
#include "net/path_mtu.h"
#include "net/port.h"
#include "net/punt.h"
#include "net/reassembly.h"
#include "session/session.h"
#include "stream/stream.h"
#include "turn/turn.h"

#include <rte_common.h>

/* The gate checks nonces that TURN makes. */
const struct part *const parts[] = {
        &neighbours_part, &routes_part, &paths_part,    &reassembly_part, &ports_part,
        &punt_part,       &turn_part,   &stream_part,   &gate_part,       &media_part,
        &sessions_part,   &mirror_part, &captures_part,
};
const uint32_t parts_count = RTE_DIM(parts);
