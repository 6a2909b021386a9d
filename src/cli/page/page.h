/* SPDX-License-Identifier: MIT */
#ifndef CLI_PAGE_PAGE_H
#define CLI_PAGE_PAGE_H

#include <stddef.h>

/* The page of --html: page.html, page.css and page.js as embed.py puts them together. The data, as JSON that
 * holds no '<', stands in between. */
extern const unsigned char page_before_data[], page_after_data[];
extern const size_t page_before_data_n_bytes, page_after_data_n_bytes;

#endif
