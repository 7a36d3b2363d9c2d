/* SPDX-License-Identifier: BSD-3-Clause */
#include "dtls/datagram.h"

#include <string.h>

static int io_write(BIO *bio, const char *data, int length)
{
	struct datagram_io *io = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (length > 0)
		io->send(io->arg, (const uint8_t *)data, (size_t)length);
	return length;
}

/* A datagram is read once; what does not fit is lost, as with a socket. */
static int io_read(BIO *bio, char *data, int room)
{
	struct datagram_io *io = BIO_get_data(bio);
	size_t length = io->in_length;

	BIO_clear_retry_flags(bio);
	if (io->in == NULL) {
		BIO_set_retry_read(bio);
		return -1;
	}
	if (length > (size_t)room)
		length = (size_t)room;
	memcpy(data, io->in, length);
	io->in = NULL;
	return (int)length;
}

static long io_control(BIO *bio, int command, long number, void *pointer)
{
	switch (command) {
	case BIO_CTRL_FLUSH:
	case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
		return 1;
	case BIO_CTRL_DGRAM_QUERY_MTU:
	case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
	case BIO_CTRL_DGRAM_GET_MTU:
		return DATAGRAM_MTU;
	default:
		return 0;
	}
}

static int io_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

BIO_METHOD *datagram_method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams");

	if (method == NULL)
		return NULL;
	BIO_meth_set_create(method, io_create);
	BIO_meth_set_read(method, io_read);
	BIO_meth_set_write(method, io_write);
	BIO_meth_set_ctrl(method, io_control);
	return method;
}

BIO *datagram_bio(const BIO_METHOD *method, struct datagram_io *io)
{
	BIO *bio = BIO_new(method);

	if (bio != NULL)
		BIO_set_data(bio, io);
	return bio;
}
