/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef HTTP_OPENAPI_H
#define HTTP_OPENAPI_H

#include <jansson.h>

/* GET /v1/openapi.json: what can be asked and what comes back, in OpenAPI 3.1. The caller's to
 * release; NULL: no memory. */
json_t *openapi_make(void);

#endif
