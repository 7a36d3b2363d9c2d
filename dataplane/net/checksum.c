/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/checksum.h"

#include <immintrin.h>
#include <string.h>

/*
 * 64-bit words are added by their halves, so that no carry is lost. The library's own sum takes 16
 * bits at a time, which is as long as the cipher takes for the same packet.
 */
static inline uint64_t sum_words(const uint8_t *at, size_t length)
{
	uint64_t sum = 0, word;

	for (; length >= sizeof(word); length -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sum += (uint32_t)word;
		sum += word >> 32;
	}
	word = 0;
	memcpy(&word, at, length);
	return sum + (uint32_t)word + (word >> 32);
}

__attribute__((target("avx2"))) static uint64_t sum_avx2(const uint8_t *at, size_t length)
{
	const __m256i low = _mm256_set1_epi64x(UINT32_MAX);
	__m256i sums = _mm256_setzero_si256(), highs = sums;
	uint64_t lanes[4];

	for (; length >= sizeof(sums); length -= sizeof(sums), at += sizeof(sums)) {
		__m256i words = _mm256_loadu_si256((const __m256i *)at);

		sums = _mm256_add_epi64(sums, _mm256_and_si256(words, low));
		highs = _mm256_add_epi64(highs, _mm256_srli_epi64(words, 32));
	}
	_mm256_storeu_si256((__m256i *)lanes, _mm256_add_epi64(sums, highs));
	return lanes[0] + lanes[1] + lanes[2] + lanes[3] + sum_words(at, length);
}

__attribute__((target("avx512f,avx512bw"))) static uint64_t sum_avx512(const uint8_t *at,
                                                                       size_t length)
{
	const __m512i low = _mm512_set1_epi64(UINT32_MAX);
	__m512i sums = _mm512_setzero_si512(), highs = sums, words;

	for (; length >= sizeof(sums); length -= sizeof(sums), at += sizeof(sums)) {
		words = _mm512_loadu_si512(at);
		sums = _mm512_add_epi64(sums, _mm512_and_si512(words, low));
		highs = _mm512_add_epi64(highs, _mm512_srli_epi64(words, 32));
	}
	words = _mm512_maskz_loadu_epi8((1ull << length) - 1, at);
	sums = _mm512_add_epi64(sums, _mm512_and_si512(words, low));
	highs = _mm512_add_epi64(highs, _mm512_srli_epi64(words, 32));
	return (uint64_t)_mm512_reduce_add_epi64(_mm512_add_epi64(sums, highs));
}

uint16_t checksum_long(const void *bytes, size_t length)
{
	if (__builtin_cpu_supports("avx512bw"))
		return checksum_fold(sum_avx512(bytes, length));
	if (__builtin_cpu_supports("avx2"))
		return checksum_fold(sum_avx2(bytes, length));
	return checksum_fold(sum_words(bytes, length));
}
