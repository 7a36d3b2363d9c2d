/* SPDX-License-Identifier: BSD-3-Clause */
/* A line in the log for each command that changes something: who, what, and what became of it. */
#ifndef CONTROL_AUDIT_H
#define CONTROL_AUDIT_H

#include <stddef.h>
#include <stdint.h>

#define AUDIT_WHO_MAX 160

struct sluice_api_header;

/* "root (uid 0, pid 4242)": the process at the other end of a Unix socket. */
void audit_peer(int fd, char who[AUDIT_WHO_MAX]);

/* The command, without its secrets, the caller's to free; NULL: it changes nothing, or no memory.
 */
char *audit_begin(const struct sluice_api_header *request, const void *body);

/* status: 0, or -errno with `why`, which need not end with a NUL. */
void audit_end(const char *who, const char *command, int status, const char *why, uint32_t length);

#endif
