/* SPDX-License-Identifier: BSD-3-Clause */
/* Why a request is refused, in a line for people. */
#ifndef COMMON_REFUSE_H
#define COMMON_REFUSE_H

/* Writes the line into `why` (SLUICE_API_ERROR_MAX bytes) and returns error. */
int refuse(char *why, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
