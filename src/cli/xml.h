/* SPDX-License-Identifier: MIT */
#ifndef CLI_XML_H
#define CLI_XML_H

#include "base/buf.h"

/**
 * Bytes as text of XML 1.0, fit for an attribute as well: what may not stand in XML (control characters,
 * invalid UTF-8, U+FFFE, U+FFFF) becomes U+FFFD.
 */
void xml_append(struct buf *out, const char *data, size_t n);
void xml_append_string(struct buf *out, const char *string);

#endif
