/* SPDX-License-Identifier: BSD-3-Clause */
/* sluice-metrics-page > docs/metrics.md; a test compares them. */
#include "metrics/metrics.h"

#include <stdlib.h>

int main(void)
{
	metrics_document(stdout);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
