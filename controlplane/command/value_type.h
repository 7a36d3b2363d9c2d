/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of value.c: text to bytes, and bytes to text, of each type of argument. */
#ifndef COMMAND_VALUE_TYPE_H
#define COMMAND_VALUE_TYPE_H

#include "command/value.h"

/* As value_parse. */
typedef int value_parse_fn(const struct argument *argument, const char *text, uint8_t *body,
                           char *why);
/* As value_format. */
typedef int value_format_fn(const struct argument *argument, const uint8_t *body,
                            struct text *text);

/* -- value_number.c -- */
value_parse_fn number_parse, duration_parse, time_parse, ports_parse, pairs_parse;
value_format_fn number_format, time_format, ports_format, pairs_format;

/* -- value_hosts.c -- */
value_parse_fn hosts_parse;
value_format_fn hosts_format;

/* -- value_bytes.c -- */
value_parse_fn key_parse, hex_parse;
value_format_fn key_format, hex_format;

#endif
