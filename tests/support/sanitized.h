/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Sanitizers of this build, as gcc and clang define them: ADDRESS_SANITIZED,
 * and SANITIZED for any sanitizer with its own allocator. 1 or 0.
 */

#ifndef TEVENT_TESTS_SANITIZED_H
#define TEVENT_TESTS_SANITIZED_H

#ifndef __has_feature
#define __has_feature(name) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define ADDRESS_SANITIZED 1
#else
#define ADDRESS_SANITIZED 0
#endif

#if ADDRESS_SANITIZED || defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer) || \
	__has_feature(memory_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#endif
