/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/words.h"

#include <stddef.h>

#include <sluice/capture.h>
#include <sluice/gate.h>
#include <sluice/http.h>
#include <sluice/media.h>
#include <sluice/port.h>
#include <sluice/region.h>
#include <sluice/session.h>
#include <sluice/stats.h>
#include <sluice/turn.h>

const char *const switch_words[] = {"off", "on", NULL};

const char *const port_kind_words[] = {
        [SLUICE_PORT_XDP] = "xdp",
        [SLUICE_PORT_DEV] = "dev",
        [SLUICE_PORT_VDEV] = "vdev",
        NULL,
};

const char *const port_state_words[] = {
        [SLUICE_PORT_UP] = "up",
        [SLUICE_PORT_DOWN] = "down",
        [SLUICE_PORT_GONE] = "gone",
        NULL,
};

const char *const poll_words[] = {
        [SLUICE_POLL_ADAPTIVE] = "adaptive",
        [SLUICE_POLL_BUSY] = "busy",
        NULL,
};

const char *const ledger_found_words[] = {
        [SLUICE_LEDGER_FOUND_NONE] = "none",
        [SLUICE_LEDGER_FOUND_TAKEN] = "taken",
        [SLUICE_LEDGER_FOUND_OTHER_BOOT] = "other-boot",
        [SLUICE_LEDGER_FOUND_OTHER_VERSION] = "other-version",
        [SLUICE_LEDGER_FOUND_DAMAGED] = "damaged",
        [SLUICE_LEDGER_FOUND_UNREADABLE] = "unreadable",
        NULL,
};

const char *const address_state_words[] = {
        [SLUICE_TURN_ADDRESS_PRESENT] = "present",
        [SLUICE_TURN_ADDRESS_ABSENT] = "absent",
        NULL,
};

const char *const transport_words[] = {
        [SLUICE_TURN_UDP] = "udp",
        [SLUICE_TURN_TCP] = "tcp",
        [SLUICE_TURN_TLS] = "tls",
        [SLUICE_TURN_DTLS] = "dtls",
        NULL,
};

const char *const session_transport_words[] = {
        [SLUICE_TURN_UDP] = "udp",
        [SLUICE_TURN_TCP] = "tcp",
        NULL,
};

const char *const reason_words[] = {
        [SLUICE_ALLOCATION_EXPIRED] = "expired", [SLUICE_ALLOCATION_CLOSED] = "closed",
        [SLUICE_ALLOCATION_DELETED] = "deleted", [SLUICE_ALLOCATION_DISCONNECTED] = "disconnected",
        [SLUICE_ALLOCATION_LIVES] = "lives",     NULL,
};

const char *const codec_words[] = {
        [SLUICE_CODEC_OTHER] = "other", [SLUICE_CODEC_OPUS] = "opus",
        [SLUICE_CODEC_RED] = "red",     [SLUICE_CODEC_VP8] = "vp8",
        [SLUICE_CODEC_VP9] = "vp9",     [SLUICE_CODEC_H264] = "h264",
        [SLUICE_CODEC_AV1] = "av1",     NULL,
};

const char *const feedback_words[] = {
        [0] = "none",
        [SLUICE_FEEDBACK_NACK] = "nack",
        [SLUICE_FEEDBACK_PLI] = "pli",
        [SLUICE_FEEDBACK_NACK | SLUICE_FEEDBACK_PLI] = "nack-pli",
        NULL,
};

const char *const estimate_words[] = {
        [SLUICE_ESTIMATE_NEVER] = "never",   [SLUICE_ESTIMATE_GROWING] = "growing",
        [SLUICE_ESTIMATE_SLOWER] = "slower", [SLUICE_ESTIMATE_STANDING] = "standing",
        [SLUICE_ESTIMATE_LOSS] = "loss",     [SLUICE_ESTIMATE_PAUSE] = "pause",
        [SLUICE_ESTIMATE_PATH] = "path",     NULL,
};

const char *const layer_reason_words[] = {
        [SLUICE_LAYER_NONE] = "none",   [SLUICE_LAYER_BEST] = "best",
        [SLUICE_LAYER_WISH] = "wish",   [SLUICE_LAYER_ESTIMATE] = "estimate",
        [SLUICE_LAYER_WAITS] = "waits", NULL,
};

const char *const profile_words[] = {
        [SLUICE_SRTP_GCM128] = "gcm128", [SLUICE_SRTP_GCM256] = "gcm256",
        [SLUICE_SRTP_CM80] = "cm80",     [SLUICE_SRTP_CM32] = "cm32",
        [SLUICE_SRTP_CM256] = "cm256",   NULL,
};

const char *const origin_words[] = {
        [SLUICE_ORIGIN_CONFIGURATION] = "configuration",
        [SLUICE_ORIGIN_API] = "api",
        NULL,
};

const char *const endpoint_state_words[] = {
        [SLUICE_ENDPOINT_WAITING] = "waiting",
        [SLUICE_ENDPOINT_ACTIVE] = "active",
        [SLUICE_ENDPOINT_FAILING] = "failing",
        [SLUICE_ENDPOINT_IDLE] = "idle",
        NULL,
};

const char *const stream_state_words[] = {
        [SLUICE_STREAM_WAITING] = "waiting",
        [SLUICE_STREAM_ACTIVE] = "active",
        [SLUICE_STREAM_IDLE] = "idle",
        [SLUICE_STREAM_ENDED] = "ended",
        NULL,
};

const char *const gate_mode_words[] = {
        [SLUICE_GATE_OFF] = "off",
        [SLUICE_GATE_OBSERVE] = "observe",
        [SLUICE_GATE_ENFORCE] = "enforce",
        NULL,
};

const char *const gate_scope_words[] = {
        [SLUICE_GATE_SOURCE] = "source",
        [SLUICE_GATE_PREFIX] = "prefix",
        [SLUICE_GATE_HOST] = "host",
        [SLUICE_GATE_VERIFIED] = "verified",
        NULL,
};

const char *const gate_ports_words[] = {"pass", "drop", NULL};

const char *const verdict_words[] = {
        [SLUICE_VERDICT_UNKNOWN] = "unknown",
        [SLUICE_VERDICT_HEALTHY] = "healthy",
        [SLUICE_VERDICT_DEGRADED] = "degraded",
        [SLUICE_VERDICT_UNREACHABLE] = "unreachable",
        NULL,
};

const char *const node_state_words[] = {
        [SLUICE_NODE_ACTIVE] = "active",
        [SLUICE_NODE_DRAINING] = "draining",
        [SLUICE_NODE_STOPPED] = "stopped",
        NULL,
};

const char *const capture_state_words[] = {
        [SLUICE_CAPTURE_RUNNING] = "running",
        [SLUICE_CAPTURE_STOPPED] = "stopped",
        [SLUICE_CAPTURE_LIMIT] = "limit",
        [SLUICE_CAPTURE_GONE] = "gone",
        [SLUICE_CAPTURE_STUCK] = "stuck",
        [SLUICE_CAPTURE_FAILED] = "failed",
        NULL,
};

const char *const capture_point_words[] = {
        [SLUICE_CAPTURE_RECEIVED] = "received",
        [SLUICE_CAPTURE_SENT] = "sent",
        [SLUICE_CAPTURE_DROPPED] = "dropped",
        [SLUICE_CAPTURE_DECRYPTED] = "decrypted",
        NULL,
};

const char *const direction_words[] = {
        [SLUICE_CAPTURE_BOTH] = "both",
        [SLUICE_CAPTURE_IN] = "in",
        [SLUICE_CAPTURE_OUT] = "out",
        NULL,
};

const char *const scope_words[] = {
        [SLUICE_HTTP_READ] = "read",
        [SLUICE_HTTP_PUBLISH] = "publish",
        [SLUICE_HTTP_WATCH] = "watch",
        [SLUICE_HTTP_ADMIN] = "admin",
        NULL,
};

const char *const session_role_words[] = {
        [SLUICE_SESSION_PUBLISH] = "publish",
        [SLUICE_SESSION_WATCH] = "watch",
        NULL,
};

const char *const session_state_words[] = {
        [SLUICE_SESSION_NEW] = "new",         [SLUICE_SESSION_CHECKED] = "checked",
        [SLUICE_SESSION_SHAKING] = "shaking", [SLUICE_SESSION_CONNECTED] = "connected",
        [SLUICE_SESSION_ENDED] = "ended",     NULL,
};

const char *const session_reason_words[] = {
        [SLUICE_SESSION_LIVES] = "lives",
        [SLUICE_SESSION_DELETED] = "deleted",
        [SLUICE_SESSION_TAKEN_OVER] = "taken-over",
        [SLUICE_SESSION_CONSENT] = "consent",
        [SLUICE_SESSION_CLOSED] = "closed",
        [SLUICE_SESSION_TIMEOUT] = "timeout",
        [SLUICE_SESSION_FINGERPRINT] = "fingerprint",
        [SLUICE_SESSION_HANDSHAKE] = "handshake",
        [SLUICE_SESSION_LIMIT] = "limit",
        NULL,
};

const char *word_of(const char *const *words, uint64_t value)
{
	for (; *words != NULL; words++)
		if (value-- == 0)
			return *words;
	return NULL;
}
