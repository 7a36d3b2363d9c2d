/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Expressions of pcap-filter(7). Programs for people compile them with libpcap (filter_pcap.c). The
 * control plane does not: a name in an expression is looked up in the DNS, and it would wait for
 * that (filter_none.c).
 */
#ifndef COMMAND_FILTER_H
#define COMMAND_FILTER_H

#include <stdint.h>

#include <sluice/capture.h>

#define FILTER_WHY_MAX 512

/* For Ethernet. Returns how many instructions; -EINVAL, -ENOMEM, -EOPNOTSUPP with a line in `why`
 * (FILTER_WHY_MAX bytes). */
int filter_compile(const char *expression, struct sluice_capture_insn *program, uint32_t room,
                   char *why);

#endif
