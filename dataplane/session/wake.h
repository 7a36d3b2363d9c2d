/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wakes a thread that sleeps on an eventfd when something lies in one of its rings: a system call
 * only where it sleeps. The thread says that it will sleep, looks into its rings again, and sleeps;
 * so one of both sees what the other has done.
 */
#ifndef SESSION_WAKE_H
#define SESSION_WAKE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_atomic.h>
#include <rte_branch_prediction.h>

struct session_wake {
	int fd;
	uint32_t asleep; /* atomic */
};

static inline int session_wake_create(struct session_wake *wake)
{
	wake->asleep = 0;
	wake->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return wake->fd;
}

static inline void session_wake_destroy(struct session_wake *wake)
{
	if (wake->fd >= 0)
		close(wake->fd);
	wake->fd = -1;
}

/* Any thread, after something was put into a ring. */
static inline void session_wake_send(struct session_wake *wake)
{
	const uint64_t one = 1;

	rte_smp_mb();
	if (likely(!__atomic_load_n(&wake->asleep, __ATOMIC_RELAXED)) ||
	    !__atomic_exchange_n(&wake->asleep, 0, __ATOMIC_ACQ_REL))
		return;
	if (write(wake->fd, &one, sizeof(one)) != sizeof(one))
		return; /* it is full of wakes */
}

/* The thread itself: awake again. */
static inline void session_wake_take(struct session_wake *wake)
{
	uint64_t wakes;

	__atomic_store_n(&wake->asleep, 0, __ATOMIC_RELAXED);
	if (read(wake->fd, &wakes, sizeof(wakes)) < 0)
		return; /* it has been taken */
}

/* The thread itself: looks into its rings after this. */
static inline void session_wake_sleep(struct session_wake *wake)
{
	__atomic_store_n(&wake->asleep, 1, __ATOMIC_SEQ_CST);
	rte_smp_mb();
}

#endif
