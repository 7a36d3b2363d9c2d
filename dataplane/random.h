/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random numbers that cannot be predicted, without a system call: AES-256-CTR with fast key
 * erasure, seeded from the kernel at creation. One for each thread; not to be shared.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random;

/* NULL where the kernel gives no seed. */
struct random *random_create(void);
void random_destroy(struct random *random);

void random_bytes(struct random *random, void *bytes, size_t length);
/* Uniform in [0, bound); bound > 0. */
uint32_t random_below(struct random *random, uint32_t bound);

#endif
