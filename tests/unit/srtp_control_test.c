/* SPDX-License-Identifier: BSD-3-Clause */
/* SRTCP: what one engine writes both read, with an MKI or without, and forged by neither. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "srtp_rig.h"

#include <srtp2/srtp.h>

#define ROOM (8 + 4 * 300 + SRTP_TAIL_MAX + 1)

struct compound {
	unsigned int session;
	uint16_t length, mki_length;
	uint8_t plain[ROOM], sent[ROOM];
	int sent_length;
};

static void compound_draw(struct rig *rig, struct compound *c)
{
	c->session = draw(rig, SESSIONS);
	c->length = 8 + 4 * draw(rig, 300);
	draw_bytes(rig, c->plain, c->length);
	c->plain[0] = 0x80;
	c->plain[1] = 200;
	memset(c->plain + 4, 0, 3);
	c->plain[7] = draw(rig, 5);
}

/* Returns how long it then is. */
static uint16_t mki_insert(struct rig *rig, const struct compound *c, uint8_t *packet)
{
	const struct srtp_profile_info *profile = rig->profiles[c->session];
	uint16_t behind = profile->aead ? 0 : profile->rtcp_tag_length;

	memcpy(packet, c->sent, c->sent_length - behind);
	draw_bytes(rig, packet + c->sent_length - behind, c->mki_length);
	memcpy(packet + c->sent_length - behind + c->mki_length, c->sent + c->sent_length - behind,
	       behind);
	return c->sent_length + c->mki_length;
}

static void compound_read(struct rig *rig, unsigned int e, const struct compound *c,
                          uint32_t sent_index)
{
	struct srtp_session *session = rig->rx[e][c->session];
	uint8_t packet[ROOM + MKI_MAX];
	uint32_t index = 0;
	uint16_t length, at;

	length = mki_insert(rig, c, packet);
	at = 4 + draw(rig, c->sent_length - 4);
	if (c->mki_length == 0 && at >= 8) { /* another SSRC would be another source */
		packet[at] ^= 1 << draw(rig, 8);
		assert_int_equal(engines[e]->unprotect_rtcp(rig->workers[e], session, packet,
		                                            length, 0, &index),
		                 -EBADMSG);
		mki_insert(rig, c, packet);
	}
	assert_int_equal(engines[e]->unprotect_rtcp(rig->workers[e], session, packet, length,
	                                            c->mki_length, &index),
	                 c->length);
	assert_memory_equal(packet, c->plain, c->length);
	assert_int_equal(index, sent_index);
}

static void control_packets(void **state)
{
	static struct compound c;
	const struct srtp_profile_info *profile;
	unsigned int i, e, writer;
	uint32_t index, word;
	struct rig rig;

	rig_open(&rig, 0x2545f4914f6cdd1d);
	for (i = 0; i < 4000; i++) {
		compound_draw(&rig, &c);
		profile = rig.profiles[c.session];
		writer = draw(&rig, ENGINES);
		index = draw(&rig, UINT32_C(1) << 31);
		memset(c.sent, GUARD_BYTE, sizeof(c.sent));
		memcpy(c.sent, c.plain, c.length);
		c.sent_length = engines[writer]->protect_rtcp(
		        rig.workers[writer], rig.tx[writer][c.session], c.sent, c.length, index);
		assert_int_equal(c.sent_length, c.length + 4 + profile->rtcp_tag_length);
		assert_int_equal(c.sent[c.length + SRTP_TAIL_MAX], GUARD_BYTE);
		memcpy(&word, c.sent + c.sent_length - 4 - (profile->aead ? 0 : 10), 4);
		assert_true(ntohl(word) & UINT32_C(1) << 31); /* the E bit */
		if (writer == IPSEC_MB)
			assert_int_equal(ntohl(word) & INT32_MAX, index);
		c.mki_length = draw(&rig, 2) ? draw(&rig, MKI_MAX + 1) : 0;
		for (e = 0; e < ENGINES; e++)
			compound_read(&rig, e, &c, ntohl(word) & INT32_MAX);
	}
	rig_close(&rig);
}

/* RFC 3711, 3.4: the E bit is the sender's to set; libsrtp2 writes such packets when asked to. */
static void control_packets_in_the_clear(void **state)
{
	uint8_t plain[64] = {0x80, 200, 0, 15, 0, 0, 0, 1}, sent[64 + SRTP_TAIL_MAX];
	uint8_t key[SLUICE_MEDIA_KEY_MAX], packet[sizeof(sent)];
	srtp_policy_t policy = {.ssrc.type = ssrc_any_outbound, .key = key};
	struct srtp_session *session;
	struct rig rig;
	uint32_t index;
	unsigned int e;
	int length = sizeof(plain);
	srtp_t writer;

	rig_open(&rig, 7046029254386353131);
	draw_bytes(&rig, key, sizeof(key));
	srtp_crypto_policy_set_rtp_default(&policy.rtp);
	srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
	policy.rtcp.sec_serv = sec_serv_auth;
	assert_int_equal(srtp_create(&writer, &policy), srtp_err_status_ok);
	memcpy(sent, plain, sizeof(plain));
	assert_int_equal(srtp_protect_rtcp(writer, sent, &length), srtp_err_status_ok);
	assert_memory_equal(sent, plain, sizeof(plain));
	for (e = 0; e < ENGINES; e++) {
		session = engines[e]->session_create(SLUICE_SRTP_CM80, key);
		memcpy(packet, sent, length);
		assert_int_equal(engines[e]->unprotect_rtcp(rig.workers[e], session, packet, length,
		                                            0, &index),
		                 sizeof(plain));
		assert_memory_equal(packet, plain, sizeof(plain));
		assert_int_equal(index, 1);
		packet[20] ^= 1;
		assert_int_equal(engines[e]->unprotect_rtcp(rig.workers[e], session, packet, length,
		                                            0, &index),
		                 -EBADMSG);
		engines[e]->session_destroy(session);
	}
	srtp_dealloc(writer);
	rig_close(&rig);
}

/* Whatever length is claimed, what is too short is refused and nothing in front of it read. */
static void control_packets_cut_short(void **state)
{
	uint8_t packet[64], *cut;
	unsigned int i, e, length;
	uint32_t index;
	struct rig rig;

	rig_open(&rig, 1181783497276652981);
	draw_bytes(&rig, packet, sizeof(packet));
	for (e = 0; e < ENGINES; e++) {
		for (i = 0; i < SLUICE_SRTP_PROFILES; i++) {
			for (length = 0; length <= sizeof(packet); length++) {
				cut = malloc(length + 1); /* for a run under the sanitizer */
				memcpy(cut, packet, length);
				assert_int_equal(engines[e]->unprotect_rtcp(rig.workers[e],
				                                            rig.rx[e][i], cut,
				                                            length, i * 2, &index),
				                 -EBADMSG);
				free(cut);
			}
			assert_true(engines[e]->protect_rtcp(rig.workers[e], rig.tx[e][i], packet,
			                                     7, 1) < 0);
		}
	}
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(control_packets),
	        cmocka_unit_test(control_packets_in_the_clear),
	        cmocka_unit_test(control_packets_cut_short),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
