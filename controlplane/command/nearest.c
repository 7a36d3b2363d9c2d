/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/nearest.h"

#include <stdint.h>
#include <string.h>

#define LENGTH_MAX  32 /* of words that are compared */
#define CHANGED_PER 3  /* one letter in so many may be another */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to be added, left out, changed, or exchanged with the next one, each at most once
 * (optimal string alignment). */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
	size_t rows[LENGTH_MAX + 1][LENGTH_MAX + 1];

	for (size_t i = 0; i <= n; i++)
		rows[i][0] = i;
	for (size_t j = 0; j <= m; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			rows[i][j] = least(rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]),
			                   least(rows[i - 1][j], rows[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				rows[i][j] = least(rows[i][j], rows[i - 2][j - 2] + 1);
		}
	}
	return rows[n][m];
}

void nearest_start(struct nearest *nearest, const char *word)
{
	*nearest = (struct nearest){.word = word, .distance = SIZE_MAX};
}

void nearest_offer(struct nearest *nearest, const char *candidate)
{
	size_t n = strlen(nearest->word), m = strlen(candidate), changes;

	if (n > LENGTH_MAX || m > LENGTH_MAX)
		return;
	changes = distance(nearest->word, n, candidate, m);
	if (changes == 0 || changes * CHANGED_PER > (n > m ? n : m) || changes >= nearest->distance)
		return;
	nearest->found = candidate;
	nearest->distance = changes;
}
