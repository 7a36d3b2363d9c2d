/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/checksum.h"

#include <rte_ether.h>
#include <rte_net.h>
#include <rte_tcp.h>

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

/* The pseudo header's share of both addresses, as they lie in the IP header. */
static uint64_t addresses_sum(const uint8_t *ip, bool v4)
{
	return v4 ? checksum_bytes(ip + offsetof(struct rte_ipv4_hdr, src_addr), 2 * 4)
	          : checksum_bytes(ip + offsetof(struct rte_ipv6_hdr, src_addr), 2 * 16);
}

/* Bytes of the IP payload behind `head` bytes of IP header and extensions, or 0. */
static uint16_t l4_length(const uint8_t *ip, bool v4, uint16_t head)
{
	uint32_t total = v4 ? rte_be_to_cpu_16(((const struct rte_ipv4_hdr *)ip)->total_length)
	                    : rte_be_to_cpu_16(((const struct rte_ipv6_hdr *)ip)->payload_len) +
	                                 sizeof(struct rte_ipv6_hdr);

	return total > head ? total - head : 0;
}

void checksum_complete(struct rte_mbuf *mbuf)
{
	struct rte_net_hdr_lens lengths = {0};
	uint32_t type;
	uint16_t offset, length, sum;
	uint8_t protocol;
	uint8_t *ip, *l4;
	bool v4;

	if (!checksum_is_open(mbuf))
		return;
	type = rte_net_get_ptype(mbuf, &lengths,
	                         RTE_PTYPE_L2_MASK | RTE_PTYPE_L3_MASK | RTE_PTYPE_L4_MASK);
	if ((type & RTE_PTYPE_L4_MASK) == RTE_PTYPE_L4_UDP)
		protocol = IPPROTO_UDP, offset = offsetof(struct rte_udp_hdr, dgram_cksum);
	else if ((type & RTE_PTYPE_L4_MASK) == RTE_PTYPE_L4_TCP)
		protocol = IPPROTO_TCP, offset = offsetof(struct rte_tcp_hdr, cksum);
	else
		return;
	v4 = RTE_ETH_IS_IPV4_HDR(type);
	ip = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, lengths.l2_len);
	l4 = ip + lengths.l3_len;
	length = l4_length(ip, v4, lengths.l3_len);
	if (length < offset + sizeof(sum) ||
	    (uint32_t)lengths.l2_len + lengths.l3_len + length > mbuf->data_len)
		return;
	memset(l4 + offset, 0, sizeof(sum));
	sum = (uint16_t)~checksum_fold(addresses_sum(ip, v4) + rte_cpu_to_be_16(protocol) +
	                               rte_cpu_to_be_16(length) + checksum_bytes(l4, length));
	if (sum == 0)
		sum = 0xffff; /* of UDP it would mean none (RFC 768); TCP takes either */
	memcpy(l4 + offset, &sum, sizeof(sum));
}
