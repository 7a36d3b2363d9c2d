/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP errors that we send, to who sent us a datagram, by the way that it came. */
#ifndef GRAPH_ICMP_ERROR_H
#define GRAPH_ICMP_ERROR_H

#include <stdint.h>

#include <rte_mbuf.h>

struct worker;

/* A second, of all workers: with what the gate answers, no address is sent more than it allows. */
#define ICMP_ERRORS_SECOND 10

/*
 * mbuf: a datagram as classify left it; it is not touched. Nobody has its port. Nothing is sent
 * where the rate is used up, or the error would have more than three quarters of the datagram's
 * bytes.
 */
void icmp_port_unreachable(struct worker *worker, const struct rte_mbuf *mbuf);

/* Packets from there should have at most `mtu` bytes, IP header included. */
void icmp_too_big(struct worker *worker, const struct rte_mbuf *mbuf, uint16_t mtu);

#endif
