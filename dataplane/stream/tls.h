/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS and DTLS of the connections: the certificates that there are, which of them a client asks
 * for, and OpenSSL's calls on sockets that do not block. */
#ifndef STREAM_TLS_H
#define STREAM_TLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <openssl/ssl.h>

#include <sluice/turn.h>

struct tls_set;

/* Of the control thread. NULL: no memory. */
struct tls_set *tls_set_create(void);
/* One more; -EINVAL, -ENOMEM with a line in *why. */
int tls_set_add(struct tls_set *set, const struct sluice_turn_certificate_put *put, char *why);
uint32_t tls_set_count(const struct tls_set *set);
void tls_set_show(const struct tls_set *set, uint32_t index,
                  struct sluice_turn_certificate_row *row);
/* Held by the control thread and by each stream thread. */
struct tls_set *tls_set_hold(struct tls_set *set);
void tls_set_release(struct tls_set *set);

/*
 * A client's connection. *messages counts what it sends of the handshake's kind, while it shakes
 * hands and after. *holder: what its handshake looks for certificates in, for as long as it lasts,
 * and whatever comes in their place. NULL: no memory.
 */
SSL *tls_begin(struct tls_set *const *holder, int fd, uint32_t *messages);
/* The same by datagrams, and `bio`, which it takes, or NULL, is where they come from and go to. */
SSL *tls_begin_datagrams(struct tls_set *const *holder, BIO *bio, uint32_t *messages);
/* What comes first is a ClientHello with a cookie that was found to be ours: the handshake goes on
 * behind it. False: OpenSSL does not take it. */
bool tls_listen(SSL *ssl);
/* 1: done; 0: the socket has to be waited for; -1: it has failed. */
int tls_shake(SSL *ssl);
bool tls_wants_write(const SSL *ssl);
/* It has bytes that epoll does not know of. */
bool tls_holds_bytes(const SSL *ssl);
/* Bytes; 0: the client has ended; -EAGAIN, -EIO. */
ssize_t tls_read(SSL *ssl, void *bytes, size_t room);
/* Bytes; -EAGAIN: the same bytes, and perhaps others behind them, are to be given again; -EIO. */
ssize_t tls_write(SSL *ssl, const void *bytes, size_t length);

#endif
