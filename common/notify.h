/* SPDX-License-Identifier: BSD-3-Clause */
/* Tells the service manager how we are, sd_notify(3)'s protocol. */
#ifndef COMMON_NOTIFY_H
#define COMMON_NOTIFY_H

/* state: "READY=1", "STOPPING=1". 0, also without a service manager that asked for it, or -errno.
 */
int notify_send(const char *state);
/* Waits until the service manager has read what was sent before. The same. */
int notify_barrier(void);

#endif
