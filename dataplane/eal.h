/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's environment, started as our options say: its own command line is written here. */
#ifndef EAL_H
#define EAL_H

struct config;

/* 0 or -errno, logged. To be called once. */
int eal_start(const struct config *config);
/* Gives back what it has taken. */
void eal_end(void);

#endif
