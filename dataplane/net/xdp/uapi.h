/* SPDX-License-Identifier: BSD-3-Clause */
/* What newer kernels have and the headers of Debian 12 do not. */
#ifndef NET_XDP_UAPI_H
#define NET_XDP_UAPI_H

#include <linux/bpf.h>
#include <linux/if_xdp.h>

#ifndef XDP_USE_SG
#define XDP_USE_SG (1 << 4) /* kernel 6.6: frames in several buffers */
#endif
#ifndef XDP_PKT_CONTD
#define XDP_PKT_CONTD (1 << 0)
#endif
#ifndef XDP_MAX_TX_SKB_BUDGET
#define XDP_MAX_TX_SKB_BUDGET 9 /* kernel 6.17 */
#endif
#ifndef XDP_PACKET_HEADROOM
#define XDP_PACKET_HEADROOM 256
#endif

#endif
