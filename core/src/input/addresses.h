/* Strings that are addresses. Private to the input room. */
#ifndef RL_INPUT_ADDRESSES_H
#define RL_INPUT_ADDRESSES_H

#include "base/str.h"

/* Returns whether the string is an address like ada@example.com: a local part of at most 64 bytes in the form that
 * HTML's <input type=email> accepts, without dots at its ends or next to each other, and a domain with a dot. Both may
 * have letters beyond ASCII. */
bool rl_is_email(rl_str s);
/* Returns whether the string is an absolute http or https URL without white space: a host, and optionally a user, a
 * port, a path, a query and a fragment. */
bool rl_is_url(rl_str s);

#endif
