/* SPDX-License-Identifier: BSD-3-Clause */
/* a= lines of ICE and DTLS: RFC 8839, RFC 8842. */
#include "sdp/attribute.h"

#include "common/hex.h"
#include "common/refuse.h"

#include <errno.h>

static struct sdp_transport *transport_here(struct sdp_reading *reading)
{
	return reading->media != NULL ? &reading->media->transport : &reading->offer->transport;
}

static int read_ufrag(struct sdp_reading *reading, struct slice value)
{
	if (!sdp_ufrag_is_valid(value))
		return refuse(reading->why, -EINVAL,
		              "a=ice-ufrag: expected 4 to 256 letters, digits, + or /");
	transport_here(reading)->ufrag = value;
	return 0;
}

static int read_pwd(struct sdp_reading *reading, struct slice value)
{
	if (!sdp_pwd_is_valid(value))
		return refuse(reading->why, -EINVAL,
		              "a=ice-pwd: expected 22 to 256 letters, digits, + or /");
	transport_here(reading)->pwd = value;
	return 0;
}

static int read_ice_options(struct sdp_reading *reading, struct slice value)
{
	struct slice word;

	while (slice_word(&value, ' ', &word))
		if (slice_is(word, "trickle"))
			reading->offer->trickle = true;
	return 0;
}

static int read_setup(struct sdp_reading *reading, struct slice value)
{
	static const char *const words[] = {"actpass", "active", "passive", "holdconn"};
	struct sdp_transport *transport = transport_here(reading);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (slice_is_caseless(value, words[i])) {
			transport->setup = i;
			transport->setup_given = true;
			return 0;
		}
	}
	return refuse(reading->why, -EINVAL, "a=setup: expected actpass, active or passive");
}

/* "AA:BB:CC" of as many bytes as the digest has. */
static bool fingerprint_read(struct sluice_fingerprint *fingerprint, struct slice hex)
{
	if (hex.length != 3u * fingerprint->length - 1)
		return false;
	for (uint32_t i = 0; i < fingerprint->length; i++) {
		const char *at = hex.bytes + 3 * i;

		if (!hex_decode(at, &fingerprint->bytes[i], 1) ||
		    (i + 1 < fingerprint->length && at[2] != ':'))
			return false;
	}
	return true;
}

/* One of a digest that is not known or too old (RFC 8122, 5) is as if it were not there. */
static int read_fingerprint(struct sdp_reading *reading, struct slice value)
{
	static const struct {
		const char *name;
		uint8_t length;
	} digests[] = {[SLUICE_DIGEST_SHA256] = {"sha-256", 32},
	               [SLUICE_DIGEST_SHA384] = {"sha-384", 48},
	               [SLUICE_DIGEST_SHA512] = {"sha-512", 64}};
	struct sdp_transport *transport = transport_here(reading);
	struct sluice_fingerprint fingerprint = {0};
	struct slice name, hex;

	if (!slice_word(&value, ' ', &name) || !slice_word(&value, ' ', &hex))
		return refuse(reading->why, -EINVAL,
		              "a=fingerprint: expected a digest's name and bytes in hex");
	for (uint8_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		if (!slice_is_caseless(name, digests[i].name))
			continue;
		fingerprint.digest = i;
		fingerprint.length = digests[i].length;
		if (!fingerprint_read(&fingerprint, hex))
			return refuse(reading->why, -EINVAL,
			              "a=fingerprint: not as many bytes as the digest has");
		if (transport->n_fingerprints < SLUICE_SESSION_FINGERPRINTS_MAX)
			transport->fingerprints[transport->n_fingerprints++] = fingerprint;
	}
	return 0;
}

const struct sdp_attribute_row sdp_transport_rows[] = {
        {"ice-ufrag", false, read_ufrag},         {"ice-pwd", false, read_pwd},
        {"ice-options", false, read_ice_options}, {"setup", false, read_setup},
        {"fingerprint", false, read_fingerprint}, {0},
};
