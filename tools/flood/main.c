/* SPDX-License-Identifier: BSD-3-Clause */
#include "flood.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/socket.h>

#define BATCH         64
#define NSEC_PER_SEC  1000000000ull
#define ANSWER_WAIT_S 1

struct flood {
	struct flood_options options;
	struct counting counting;
	int socket;
	uint64_t random;
	struct flood_payload payload;
	char nonce[FLOOD_NONCE_SIZE + 1];
	struct frame frame;
	uint8_t frames[BATCH][FLOOD_PAYLOAD_MAX + 128];
	struct flood_count sent[FLOOD_SECONDS_MAX + 4];
};

static int sender_open(struct flood *flood)
{
	struct sockaddr_ll address = {
	        .sll_family = AF_PACKET,
	        .sll_ifindex = (int)if_nametoindex(flood->options.iface),
	};
	const int one = 1;

	if (address.sll_ifindex == 0)
		return -ENODEV;
	flood->socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (flood->socket < 0)
		return -errno;
	setsockopt(flood->socket, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	return bind(flood->socket, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : -errno;
}

/* Eight letters from as many times four bits. */
static void name_write(uint8_t *name, uint64_t random)
{
	for (int i = 0; i < 8; i++, random >>= 4)
		name[i] = 'a' + (random & 15);
}

/* A new request: source, port, transaction, and a name where there is one. */
static uint16_t frame_make(struct flood *flood, uint8_t *room)
{
	source_next(&flood->options, &flood->random, &flood->frame.from);
	memcpy(flood->payload.bytes + 8, &flood->random, sizeof(flood->random));
	memcpy(flood->payload.bytes + 16, &flood->frame.from.port, 2);
	if (flood->payload.name != 0)
		name_write(flood->payload.bytes + flood->payload.name, flood->random >> 16);
	return frame_write(room, sizeof(flood->frames[0]), &flood->frame);
}

static void batch_make(struct flood *flood, struct iovec pieces[BATCH])
{
	for (int i = 0; i < BATCH; i++) {
		if (flood->options.twice && i % 2 == 1) {
			memcpy(flood->frames[i], flood->frames[i - 1], pieces[i - 1].iov_len);
			pieces[i].iov_len = pieces[i - 1].iov_len;
		} else {
			pieces[i].iov_len = frame_make(flood, flood->frames[i]);
		}
		pieces[i].iov_base = flood->frames[i];
	}
}

/* Whole: what a full queue refuses is sent again, or the second of a pair would go missing. */
static void batch_send(struct flood *flood, struct mmsghdr messages[BATCH])
{
	int done = 0, count;

	while (done < BATCH) {
		count = sendmmsg(flood->socket, messages + done, BATCH - done, 0);
		if (count > 0)
			done += count;
		else if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			break;
	}
}

static void sleep_until(uint64_t when)
{
	struct timespec at = {.tv_sec = (time_t)(when / NSEC_PER_SEC),
	                      .tv_nsec = (long)(when % NSEC_PER_SEC)};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void flood_send(struct flood *flood)
{
	struct iovec pieces[BATCH];
	struct mmsghdr messages[BATCH] = {0};
	uint64_t batches = (uint64_t)flood->options.rate * flood->options.seconds / BATCH;
	uint64_t begin = flood->counting.begin, second;

	for (int i = 0; i < BATCH; i++)
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &pieces[i], .msg_iovlen = 1};
	for (uint64_t i = 0; i < batches; i++) {
		batch_make(flood, pieces);
		sleep_until(begin + i * BATCH * NSEC_PER_SEC / flood->options.rate);
		second = (flood_clock() - begin) / NSEC_PER_SEC;
		if (second >= FLOOD_SECONDS_MAX + 4)
			break;
		batch_send(flood, messages);
		flood->sent[second].packets += BATCH;
		flood->sent[second].bytes += BATCH * (pieces[0].iov_len - ETH_HLEN);
	}
}

/* -- what was found -- */

static double ratio(const struct flood_count *back, const struct flood_count *sent)
{
	return sent->bytes != 0 ? (double)back->bytes / (double)sent->bytes : 0;
}

struct flood_result {
	struct flood_count sent, back;
	double worst_ratio;     /* of a second, the first left out */
	uint64_t worst_answers; /* in a second */
	uint32_t seconds;
};

static struct flood_result result_of(const struct flood *flood)
{
	struct flood_result result = {0};

	for (uint32_t i = 0; i < FLOOD_SECONDS_MAX + 4; i++) {
		const struct flood_count *back = &flood->counting.seconds[i];
		const struct flood_count *sent = &flood->sent[i];

		result.sent.packets += sent->packets;
		result.sent.bytes += sent->bytes;
		result.back.packets += back->packets;
		result.back.bytes += back->bytes;
		if (back->packets > result.worst_answers)
			result.worst_answers = back->packets;
		/* a last second that was sent in for a moment only tells nothing */
		if (sent->packets < flood->options.rate / 2)
			continue;
		result.seconds = i + 1;
		if (i > 0 && ratio(back, sent) > result.worst_ratio)
			result.worst_ratio = ratio(back, sent);
	}
	return result;
}

static void result_print(const struct flood *flood)
{
	struct flood_result result = result_of(flood);

	printf(flood->options.json
	               ? "{\"sent\": %lu, \"sent_bytes\": %lu, \"answers\": %lu, "
	                 "\"answer_bytes\": %lu, \"ratio\": %.4f, \"worst_second_ratio\": %.4f, "
	                 "\"worst_second_answers\": %lu, \"not_counted\": %lu}\n"
	               : "sent %lu packets, %lu IP bytes; back %lu, %lu; ratio %.4f, of the worst "
	                 "second %.4f; answers in a second at most %lu (%lu not counted)\n",
	       result.sent.packets, result.sent.bytes, result.back.packets, result.back.bytes,
	       ratio(&result.back, &result.sent), result.worst_ratio, result.worst_answers,
	       flood->counting.lost);
	if (flood->options.json)
		return;
	for (uint32_t i = 0; i < result.seconds; i++)
		printf("  second %2u: sent %8lu  back %8lu  ratio %.4f\n", i + 1,
		       flood->sent[i].packets, flood->counting.seconds[i].packets,
		       ratio(&flood->counting.seconds[i], &flood->sent[i]));
}

static int flood_run(struct flood *flood)
{
	pthread_t counter;
	int ret;

	if (kind_has_nonce(flood->options.kind) && flood->options.nonce == NULL) {
		ret = nonce_ask(&flood->options, flood->nonce);
		if (ret != 0)
			return ret;
		flood->options.nonce = flood->nonce;
	}
	flood->frame.to = flood->options.to;
	flood->frame.to_mac = flood->options.mac;
	flood->frame.from_mac.addr_bytes[0] = 0x02;
	flood->frame.hop_limit = 64;
	kind_write(&flood->payload, flood->options.kind, flood->options.nonce);
	flood->frame.payload = flood->payload.bytes;
	flood->frame.length = flood->payload.length;
	flood->random = flood_clock() | 1;
	flood->counting.begin = flood_clock();
	ret = pthread_create(&counter, NULL, counting_run, &flood->counting);
	if (ret != 0)
		return -ret;
	flood_send(flood);
	sleep(ANSWER_WAIT_S);
	__atomic_store_n(&flood->counting.stop, 1, __ATOMIC_RELAXED);
	pthread_join(counter, NULL);
	result_print(flood);
	return 0;
}

int main(int argc, char **argv)
{
	struct flood *flood = calloc(1, sizeof(*flood));
	enum flood_wish wish;
	const char *refusal;
	int ret;

	if (flood == NULL)
		return 1;
	wish = flood_options_read(&flood->options, argc, argv);
	if (wish != FLOOD_RUN) {
		free(flood);
		return wish == FLOOD_WRONG;
	}
	refusal = lab_refusal();
	if (refusal != NULL) {
		fprintf(stderr, "sluice-flood: %s: forged sources stay in the laboratory\n",
		        refusal);
		return 1;
	}
	ret = sender_open(flood);
	if (ret == 0)
		ret = counting_start(&flood->counting, &flood->options);
	if (ret == 0)
		ret = flood_run(flood);
	if (ret != 0)
		fprintf(stderr, "sluice-flood: %s: %s\n", flood->options.iface, strerror(-ret));
	free(flood);
	return ret != 0;
}
