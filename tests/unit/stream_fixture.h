/* SPDX-License-Identifier: BSD-3-Clause */
/* A server of streams on loopback, whose thread runs and whose worker the test walks, and its
 * clients. */
#ifndef STREAM_FIXTURE_H
#define STREAM_FIXTURE_H

#include "client.h"
#include "rig.h"

#include <sluice/turn.h>

#include <openssl/ssl.h>

#define BINDING_SIZE 20
#define PATIENCE_MS  30000

struct scene {
	struct rig rig;
	uint16_t port;
	char why[SLUICE_API_ERROR_MAX];
};

extern struct scene scene;

/* cmocka group setup. */
int stream_eal(void **state);

struct sluice_turn_listen listen_of(uint16_t port, uint32_t transport);
void listen_on(uint32_t transport);
int setup(void **state);
int teardown(void **state);
uint64_t counter(const char *name);
int client_connect_by(int type);
int client_connect(void);

/* The worker walks until the socket has something, or its end. */
void client_await(int fd);
void client_read(int fd, uint8_t *bytes, size_t length);

/* One message, and what fills it up. */
uint16_t client_message(int fd, uint8_t *message);
bool client_is_closed(int fd);
void await_counter(const char *name, uint64_t value);
void binding_make(uint8_t request[BINDING_SIZE], uint8_t number);
void binding_check(const uint8_t *message, uint16_t length, uint8_t number);

/* The gate's list, as the control plane gives it: all of N.0.0.0/8. */
void network_deny(uint32_t mode, uint8_t first);
void loopback_deny(uint32_t mode);
void binding_ask(int fd, uint8_t number);
void turn_configure(struct turn *turn);
uint32_t allocations(void);
void certificates_put(const char *const *names, uint32_t count);
void tls_ask(SSL *ssl, uint8_t number);
void tls_answered(SSL *ssl, int fd, uint8_t number);
void tls_binding(SSL *ssl, int fd, uint8_t number);

#endif
