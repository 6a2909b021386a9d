/* SPDX-License-Identifier: MIT */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "base/json.h"
#include <inbye/inbye.h>

/* What ps and gc say of a session. */

/** The first digits of its random part: enough to tell it from others. */
#define SESSION_ID_SIZE 9
void session_id(const struct inbye_session *session, char id[SESSION_ID_SIZE]);

/** "1d02h", "3h05m", "2m07s", "12s"; "?" for UINT64_MAX. */
#define SESSION_AGE_SIZE 24
void session_age_text(uint64_t seconds, char text[SESSION_AGE_SIZE]);
/** Seconds since it was made; UINT64_MAX: unknown. */
uint64_t session_age(const struct inbye_session *session);

/** The keys of a session, into an object that is open. */
void session_json(struct json *json, const struct inbye_session *session);

/** @return a registry, or NULL: it was told why not. */
struct inbye_registry *session_registry(bool all);

#endif
