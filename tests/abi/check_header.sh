#!/bin/sh
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# check_header.sh INCLUDE_DIR [CC] [CXX]
#
# INCLUDE_DIR/tevent.h is exactly the interface of 0.17.2:
#
#   1. it compiles without a warning in every language version and with every
#      combination of its two switches;
#   2. it declares the functions of symbols.tsv, with these types, and no others;
#   3. types, enums, constants and structs are what they have to be, members in
#      their order;
#   4. it defines the macros listed here and no others; each expands to exactly
#      what it has to, and is an expression without a warning, of conversions
#      too;
#   5. the deprecated part is hidden without TEVENT_DEPRECATED and has the
#      attribute with it;
#   6. C++ sees C functions.
#
# The compilers default to $CC and $CXX, then to cc and c++.  Flags for talloc.h
# come from pkg-config, or from $TALLOC_CFLAGS where that is set.
#
# Rules: A3 A5 D13

set -u
export LC_ALL=C

if [ $# -lt 1 ] || [ $# -gt 3 ]; then
	echo "usage: $0 INCLUDE_DIR [CC] [CXX]" >&2
	exit 2
fi
include=$1
cc=${2:-${CC:-cc}}
cxx=${3:-${CXX:-c++}}
list=$(dirname "$0")/symbols.tsv
for file in "$include/tevent.h" "$list"; do
	if [ ! -r "$file" ]; then
		echo "$0: can't read $file" >&2
		exit 2
	fi
done
talloc=${TALLOC_CFLAGS-$(pkg-config --cflags talloc 2>/dev/null)}
flags="-I$include $talloc"

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
failed=0

fail()
{
	echo "FAIL: $*" >&2
	failed=1
}

# quietly LOG COMMAND...: the command's output is written to the log
quietly()
{
	log=$1
	shift
	"$@" >"$log" 2>&1
}

# compare WHAT EXPECTED ACTUAL: two files, line by line as sets
compare()
{
	sort "$2" >"$tmp/expected"
	sort "$3" >"$tmp/actual"
	comm -23 "$tmp/expected" "$tmp/actual" | sed "s/^/$1 missing: /" >"$tmp/diff"
	comm -13 "$tmp/expected" "$tmp/actual" | sed "s/^/$1 not expected: /" >>"$tmp/diff"
	if [ -s "$tmp/diff" ]; then
		failed=1
		sed 's/^/FAIL: /' "$tmp/diff" >&2
	fi
}

for compiler in "$cc" "$cxx"; do
	if ! command -v "${compiler%% *}" >/dev/null 2>&1; then
		echo "$0: no compiler $compiler" >&2
		exit 2
	fi
done

# ---- 1. languages and switches ------------------------------------------

cat >"$tmp/twice.c" <<'END'
#include <tevent.h>
#include <tevent.h>
extern int translation_units_are_not_empty;
END
cp "$tmp/twice.c" "$tmp/twice.cpp"

check_language() # COMPILER STANDARD FILE SWITCHES
{
	if ! quietly "$tmp/log" $1 "-std=$2" -Wall -Wextra -Wpedantic -Werror \
		$flags $4 -fsyntax-only "$3"; then
		fail "does not compile cleanly: $1 -std=$2 $4"
		head -n 5 "$tmp/log" >&2
	fi
}

for switches in "" "-DTEVENT_DEPRECATED" "-DTEVENT_COMPAT_DEFINES" \
	"-DTEVENT_DEPRECATED -DTEVENT_COMPAT_DEFINES"; do
	# C89 has no bool; otherwise the header complies with it.
	check_language "$cc" c89 "$tmp/twice.c" "$switches -Wno-c99-extensions"
	for standard in c99 c11 c17; do
		check_language "$cc" $standard "$tmp/twice.c" "$switches"
	done
	for standard in c++11 c++20; do
		check_language "$cxx" $standard "$tmp/twice.cpp" "$switches"
	done
done

# ---- 2. functions -------------------------------------------------------

# The preprocessed text of tevent.h itself, without the files that it includes.
echo '#include <tevent.h>' >"$tmp/plain.c"
own_text() # SWITCHES
{
	$cc -E $flags $1 "$tmp/plain.c" |
		awk '/^# [0-9]+ "/ { own = ($3 ~ /\/tevent\.h"$/ || $3 == "\"tevent.h\""); next } own'
}

awk -F '\t' '!/^#/ && $3 == "tevent.h" { print $2 }' "$list" >"$tmp/functions"
own_text -DTEVENT_DEPRECATED | grep -oE '[A-Za-z_0-9]+ *\(' | tr -d ' (' |
	grep -E '^_*tevent' >"$tmp/declared"
compare "prototype" "$tmp/functions" "$tmp/declared"

{
	cat <<'END'
#define TEVENT_DEPRECATED 1
#define _DEPRECATED_
#include <stddef.h>
#include <tevent.h>
#define SAME(type, thing) \
	_Static_assert(__builtin_types_compatible_p(__typeof__(thing), type), \
		       "wrong type: " #thing)
END
	awk -F '\t' '!/^#/ && $3 == "tevent.h" {
		print "_Static_assert(__builtin_types_compatible_p(__typeof__(" $2 "), " $4 "), \"wrong type: " $2 "\");"
	}' "$list"

# ---- 3. types, constants, structs ---------------------------------------

	cat <<'END'
#define TYPEDEF(name, type) \
	_Static_assert(__builtin_types_compatible_p(name, type), "wrong type: " #name)

TYPEDEF(tevent_fd_handler_t, void (*)(struct tevent_context *, struct tevent_fd *, uint16_t, void *));
TYPEDEF(tevent_fd_close_fn_t, void (*)(struct tevent_context *, struct tevent_fd *, int, void *));
TYPEDEF(tevent_timer_handler_t, void (*)(struct tevent_context *, struct tevent_timer *, struct timeval, void *));
TYPEDEF(tevent_immediate_handler_t, void (*)(struct tevent_context *, struct tevent_immediate *, void *));
TYPEDEF(tevent_signal_handler_t, void (*)(struct tevent_context *, struct tevent_signal *, int, int, void *, void *));
TYPEDEF(tevent_debug_fn, void (*)(void *, enum tevent_debug_level, const char *, va_list));
TYPEDEF(tevent_trace_callback_t, void (*)(enum tevent_trace_point, void *));
TYPEDEF(tevent_trace_fd_callback_t, void (*)(struct tevent_fd *, enum tevent_event_trace_point, void *));
TYPEDEF(tevent_trace_signal_callback_t, void (*)(struct tevent_signal *, enum tevent_event_trace_point, void *));
TYPEDEF(tevent_trace_timer_callback_t, void (*)(struct tevent_timer *, enum tevent_event_trace_point, void *));
TYPEDEF(tevent_trace_immediate_callback_t, void (*)(struct tevent_immediate *, enum tevent_event_trace_point, void *));
TYPEDEF(tevent_trace_queue_callback_t, void (*)(struct tevent_queue_entry *, enum tevent_event_trace_point, void *));
TYPEDEF(tevent_req_fn, void (*)(struct tevent_req *));
TYPEDEF(tevent_req_print_fn, char *(*)(struct tevent_req *, TALLOC_CTX *));
TYPEDEF(tevent_req_cancel_fn, bool (*)(struct tevent_req *));
TYPEDEF(tevent_req_cleanup_fn, void (*)(struct tevent_req *, enum tevent_req_state));
TYPEDEF(tevent_call_depth_callback_t, void (*)(void *, enum tevent_thread_call_depth_cmd, struct tevent_req *, size_t, const char *));
TYPEDEF(tevent_queue_trigger_fn_t, void (*)(struct tevent_req *, void *));
TYPEDEF(tevent_nesting_hook, int (*)(struct tevent_context *, void *, uint32_t, bool, void *, const char *));

#define VALUE(name, value) _Static_assert((name) == (value), "wrong value: " #name)

VALUE(TEVENT_FD_READ, 1);
VALUE(TEVENT_FD_WRITE, 2);
VALUE(TEVENT_FD_ERROR, 4);
VALUE(TEVENT_HAS_LOOP_ONCE_TRACE_POINTS, 1);
VALUE(TEVENT_DEBUG_FATAL, 0);
VALUE(TEVENT_DEBUG_ERROR, 1);
VALUE(TEVENT_DEBUG_WARNING, 2);
VALUE(TEVENT_DEBUG_TRACE, 3);
VALUE(TEVENT_TRACE_BEFORE_WAIT, 0);
VALUE(TEVENT_TRACE_AFTER_WAIT, 1);
VALUE(TEVENT_TRACE_BEFORE_LOOP_ONCE, 2);
VALUE(TEVENT_TRACE_AFTER_LOOP_ONCE, 3);
VALUE(TEVENT_EVENT_TRACE_ATTACH, 0);
VALUE(TEVENT_EVENT_TRACE_DETACH, 1);
VALUE(TEVENT_EVENT_TRACE_BEFORE_HANDLER, 2);
VALUE(TEVENT_REQ_INIT, 0);
VALUE(TEVENT_REQ_IN_PROGRESS, 1);
VALUE(TEVENT_REQ_DONE, 2);
VALUE(TEVENT_REQ_USER_ERROR, 3);
VALUE(TEVENT_REQ_TIMED_OUT, 4);
VALUE(TEVENT_REQ_NO_MEMORY, 5);
VALUE(TEVENT_REQ_RECEIVED, 6);
VALUE(TEVENT_CALL_FLOW_REQ_RESET, 0);
VALUE(TEVENT_CALL_FLOW_REQ_CREATE, 1);
VALUE(TEVENT_CALL_FLOW_REQ_CANCEL, 2);
VALUE(TEVENT_CALL_FLOW_REQ_CLEANUP, 3);
VALUE(TEVENT_CALL_FLOW_REQ_NOTIFY_CB, 4);
VALUE(TEVENT_CALL_FLOW_REQ_QUEUE_ENTER, 5);
VALUE(TEVENT_CALL_FLOW_REQ_QUEUE_TRIGGER, 6);
VALUE(TEVENT_CALL_FLOW_REQ_QUEUE_LEAVE, 7);

#define MEMBER(tag, position, member, type) \
	_Static_assert(offsetof(struct tag, member) == (position) * sizeof(void *), \
		       "wrong place: " #tag "." #member); \
	_Static_assert(__builtin_types_compatible_p(__typeof__(((struct tag *)0)->member), type), \
		       "wrong type: " #tag "." #member)
#define MEMBERS(tag, count) \
	_Static_assert(sizeof(struct tag) == (count) * sizeof(void *), "wrong size: " #tag)

MEMBER(tevent_ops, 0, context_init, int (*)(struct tevent_context *));
MEMBER(tevent_ops, 1, add_fd, struct tevent_fd *(*)(struct tevent_context *, TALLOC_CTX *, int, uint16_t,
	tevent_fd_handler_t, void *, const char *, const char *));
MEMBER(tevent_ops, 2, set_fd_close_fn, void (*)(struct tevent_fd *, tevent_fd_close_fn_t));
MEMBER(tevent_ops, 3, get_fd_flags, uint16_t (*)(struct tevent_fd *));
MEMBER(tevent_ops, 4, set_fd_flags, void (*)(struct tevent_fd *, uint16_t));
MEMBER(tevent_ops, 5, add_timer, struct tevent_timer *(*)(struct tevent_context *, TALLOC_CTX *, struct timeval,
	tevent_timer_handler_t, void *, const char *, const char *));
MEMBER(tevent_ops, 6, schedule_immediate, void (*)(struct tevent_immediate *, struct tevent_context *,
	tevent_immediate_handler_t, void *, const char *, const char *));
MEMBER(tevent_ops, 7, add_signal, struct tevent_signal *(*)(struct tevent_context *, TALLOC_CTX *, int, int,
	tevent_signal_handler_t, void *, const char *, const char *));
MEMBER(tevent_ops, 8, loop_once, int (*)(struct tevent_context *, const char *));
MEMBER(tevent_ops, 9, loop_wait, int (*)(struct tevent_context *, const char *));
MEMBERS(tevent_ops, 10);

#define WRAP struct tevent_context *, void *, struct tevent_context *
MEMBER(tevent_wrapper_ops, 0, name, const char *);
MEMBER(tevent_wrapper_ops, 1, before_use, bool (*)(WRAP, const char *));
MEMBER(tevent_wrapper_ops, 2, after_use, void (*)(WRAP, const char *));
MEMBER(tevent_wrapper_ops, 3, before_fd_handler, void (*)(WRAP, struct tevent_fd *, uint16_t, const char *, const char *));
MEMBER(tevent_wrapper_ops, 4, after_fd_handler, void (*)(WRAP, struct tevent_fd *, uint16_t, const char *, const char *));
MEMBER(tevent_wrapper_ops, 5, before_timer_handler, void (*)(WRAP, struct tevent_timer *, struct timeval,
	struct timeval, const char *, const char *));
MEMBER(tevent_wrapper_ops, 6, after_timer_handler, void (*)(WRAP, struct tevent_timer *, struct timeval,
	struct timeval, const char *, const char *));
MEMBER(tevent_wrapper_ops, 7, before_immediate_handler, void (*)(WRAP, struct tevent_immediate *,
	const char *, const char *));
MEMBER(tevent_wrapper_ops, 8, after_immediate_handler, void (*)(WRAP, struct tevent_immediate *,
	const char *, const char *));
MEMBER(tevent_wrapper_ops, 9, before_signal_handler, void (*)(WRAP, struct tevent_signal *, int, int, void *,
	const char *, const char *));
MEMBER(tevent_wrapper_ops, 10, after_signal_handler, void (*)(WRAP, struct tevent_signal *, int, int, void *,
	const char *, const char *));
MEMBERS(tevent_wrapper_ops, 11);

MEMBER(tevent_thread_call_depth_state, 0, cb, tevent_call_depth_callback_t);
MEMBER(tevent_thread_call_depth_state, 1, cb_private, void *);
MEMBERS(tevent_thread_call_depth_state, 2);

/* Opaque: defining them here is an error if the header has done it already. */
struct tevent_context { int opaque; };
struct tevent_fd { int opaque; };
struct tevent_timer { int opaque; };
struct tevent_immediate { int opaque; };
struct tevent_signal { int opaque; };
struct tevent_req { int opaque; };
struct tevent_req_profile { int opaque; };
struct tevent_queue { int opaque; };
struct tevent_queue_entry { int opaque; };
struct tevent_thread_proxy { int opaque; };
struct tevent_threaded_context { int opaque; };
END
} >"$tmp/types.c"
# The assertions come one by one, so that one wrong type does not hide another.
if ! quietly "$tmp/log" $cc -std=gnu11 $flags -fsyntax-only "$tmp/types.c"; then
	failed=1
	grep 'error: ' "$tmp/log" | grep -v 'not an integer$' |
		sed 's/^.*error: /FAIL: types: /; s/: static assertion failed:/:/' >&2
fi

# No further types, enumerators or structs: their names, all of them.
cat >"$tmp/names" <<'END'
enum tevent_debug_level
enum tevent_event_trace_point
enum tevent_req_state
enum tevent_thread_call_depth_cmd
enum tevent_trace_point
struct tevent_context
struct tevent_fd
struct tevent_immediate
struct tevent_ops
struct tevent_queue
struct tevent_queue_entry
struct tevent_req
struct tevent_req_profile
struct tevent_signal
struct tevent_thread_call_depth_state
struct tevent_thread_proxy
struct tevent_threaded_context
struct tevent_timer
struct tevent_wrapper_ops
struct timeval
END
own_text -DTEVENT_DEPRECATED >"$tmp/text"
grep -oE '\b(struct|enum|union) +[A-Za-z_0-9]+' "$tmp/text" | tr -s ' ' | sort -u >"$tmp/tags"
compare "tag" "$tmp/names" "$tmp/tags"
tr '\n' ' ' <"$tmp/text" | grep -q 'tevent_debug_fn)([^;]*__printf__ *, *3 *, *0' ||
	fail "tevent_debug_fn has no printf attribute"
grep -oE '\bTEVENT_[A-Z_]+ *(,|$|})' "$tmp/text" | tr -d ' ,}' | sort -u >"$tmp/enumerators"
sed -n 's/^VALUE(\(TEVENT_[A-Z_]*\),.*/\1/p' "$tmp/types.c" |
	grep -vE '^TEVENT_(FD_|HAS_)' >"$tmp/values"
compare "enumerator" "$tmp/values" "$tmp/enumerators"
grep -c '\btypedef\b' "$tmp/text" >"$tmp/typedefs.actual"
grep -c '^TYPEDEF(' "$tmp/types.c" >"$tmp/typedefs.expected"
compare "number of typedefs:" "$tmp/typedefs.expected" "$tmp/typedefs.actual"
if grep -nE '\b(extern|static|inline)\b' "$tmp/text" >&2; then
	fail "the header defines or declares an object or an inline function (above)"
fi

# ---- 4. macros ----------------------------------------------------------

# What each call has to expand to, "SWITCHES | CALL | EXPANSION".  L stands for
# the location, F for the function's name, TYPED(p, t) for talloc's type check.
cat >"$tmp/macros" <<'END'
- | tevent_add_fd(E, M, D, G, H, P) | _tevent_add_fd(E, M, D, G, H, P, "H", L)
- | tevent_add_timer(E, M, T, H, P) | _tevent_add_timer(E, M, T, H, P, "H", L)
- | tevent_create_immediate(M) | _tevent_create_immediate(M, L)
- | tevent_schedule_immediate(I, E, H, P) | _tevent_schedule_immediate(I, E, H, P, "H", L)
- | tevent_add_signal(E, M, N, G, H, P) | _tevent_add_signal(E, M, N, G, H, P, "H", L)
- | tevent_loop_once(E) | _tevent_loop_once(E, L)
- | tevent_loop_wait(E) | _tevent_loop_wait(E, L)
- | TEVENT_FD_READABLE(X) | tevent_fd_set_flags(X, tevent_fd_get_flags(X) | 1)
- | TEVENT_FD_WRITEABLE(X) | tevent_fd_set_flags(X, tevent_fd_get_flags(X) | 2)
- | TEVENT_FD_WANTERROR(X) | tevent_fd_set_flags(X, tevent_fd_get_flags(X) | 4)
- | TEVENT_FD_NOT_READABLE(X) | tevent_fd_set_flags(X, tevent_fd_get_flags(X) & (0xffff & ~1))
- | TEVENT_FD_NOT_WRITEABLE(X) | tevent_fd_set_flags(X, tevent_fd_get_flags(X) & (0xffff & ~2))
- | TEVENT_FD_NOT_WANTERROR(X) | tevent_fd_set_flags(X, tevent_fd_get_flags(X) & (0xffff & ~4))
- | tevent_req_set_callback(R, H, P) | _tevent_req_set_callback(R, H, "H", P)
- | tevent_req_callback_data(R, struct y) | TYPED(_tevent_req_callback_data(R), struct y)
- | tevent_req_callback_data_void(R) | _tevent_req_callback_data(R)
- | tevent_req_data(R, struct y) | TYPED(_tevent_req_data(R), struct y)
- | tevent_req_set_cancel_fn(R, H) | _tevent_req_set_cancel_fn(R, H, "H")
- | tevent_req_cancel(R) | _tevent_req_cancel(R, L)
- | tevent_req_set_cleanup_fn(R, H) | _tevent_req_set_cleanup_fn(R, H, "H")
- | tevent_req_create(M, S, struct y) | __tevent_req_create((M), (S), sizeof(struct y), "struct y", F, L)
- | tevent_req_notify_callback(R) | _tevent_req_notify_callback(R, L)
- | tevent_req_done(R) | _tevent_req_done(R, L)
- | tevent_req_error(R, X) | _tevent_req_error(R, X, L)
- | tevent_req_nomem(P, R) | _tevent_req_nomem(P, R, L)
- | tevent_req_oom(R) | _tevent_req_oom(R, L)
- | tevent_thread_call_depth_reset_from_req(R) | _tevent_thread_call_depth_reset_from_req(R, F)
- | tevent_queue_create(M, X) | _tevent_queue_create((M), (X), L)
- | tevent_queue_add(Q, E, R, H, P) | _tevent_queue_add(Q, E, R, H, "H", P)
- | tevent_queue_add_entry(Q, E, R, H, P) | _tevent_queue_add_entry(Q, E, R, H, "H", P)
- | tevent_queue_add_optimize_empty(Q, E, R, H, P) | _tevent_queue_add_optimize_empty(Q, E, R, H, "H", P)
- | tevent_queue_add(Q, E, R, NULL, P) | _tevent_queue_add(Q, E, R, ((void *)0), "NULL", P)
- | tevent_threaded_schedule_immediate(C, I, H, P) | _tevent_threaded_schedule_immediate(C, I, H, P, "H", L)
- | (tevent_queue_add)(Q, E, R, H, P) | (tevent_queue_add)(Q, E, R, H, P)
D | tevent_loop_until(E, H, P) | _tevent_loop_until(E, H, P, L)
D | tevent_context_wrapper_create(E, M, O, S, struct y) | _tevent_context_wrapper_create(E, M, O, S, sizeof(struct y), "struct y", L)
D | tevent_context_push_use(E) | _tevent_context_push_use(E, L)
D | tevent_context_pop_use(E) | _tevent_context_pop_use(E, L)
C | event_context | tevent_context
C | event_ops | tevent_ops
C | fd_event | tevent_fd
C | timed_event | tevent_timer
C | signal_event | tevent_signal
C | event_fd_handler_t | tevent_fd_handler_t
C | event_timed_handler_t | tevent_timer_handler_t
C | event_signal_handler_t | tevent_signal_handler_t
C | event_context_init(M) | tevent_context_init(M)
C | event_context_init_byname(M, X) | tevent_context_init_byname(M, X)
C | event_backend_list(M) | tevent_backend_list(M)
C | event_set_default_backend(X) | tevent_set_default_backend(X)
C | event_add_fd(E, M, D, G, H, P) | _tevent_add_fd(E, M, D, G, H, P, "H", L)
C | event_add_timed(E, M, T, H, P) | _tevent_add_timer(E, M, T, H, P, "H", L)
C | event_add_signal(E, M, N, G, H, P) | _tevent_add_signal(E, M, N, G, H, P, "H", L)
C | event_loop_once(E) | _tevent_loop_once(E, L)
C | event_loop_wait(E) | _tevent_loop_wait(E, L)
C | event_get_fd_flags(X) | tevent_fd_get_flags(X)
C | event_set_fd_flags(X, G) | tevent_fd_set_flags(X, G)
C | EVENT_FD_READ | 1
C | EVENT_FD_WRITE | 2
C | EVENT_FD_WRITEABLE(X) | tevent_fd_set_flags(X, tevent_fd_get_flags(X) | 2)
C | EVENT_FD_READABLE(X) | tevent_fd_set_flags(X, tevent_fd_get_flags(X) | 1)
C | EVENT_FD_NOT_WRITEABLE(X) | tevent_fd_set_flags(X, tevent_fd_get_flags(X) & (0xffff & ~2))
C | EVENT_FD_NOT_READABLE(X) | tevent_fd_set_flags(X, tevent_fd_get_flags(X) & (0xffff & ~1))
C | ev_debug_level | tevent_debug_level
C | EV_DEBUG_FATAL | TEVENT_DEBUG_FATAL
C | EV_DEBUG_ERROR | TEVENT_DEBUG_ERROR
C | EV_DEBUG_WARNING | TEVENT_DEBUG_WARNING
C | EV_DEBUG_TRACE | TEVENT_DEBUG_TRACE
C | ev_set_debug(E, H, P) | tevent_set_debug(E, H, P)
C | ev_set_debug_stderr(E) | tevent_set_debug_stderr(E)
END
{
	cat <<'END'
#include <stddef.h>
#include <tevent.h>
#undef NULL
#define NULL ((void *)0)
#undef __location__
#define __location__ L
#define __func__ F
#undef talloc_get_type_abort
#define talloc_get_type_abort(p, t) TYPED(p, t)
END
	awk -F ' [|] ' '{ print "CHECK " $1 " | " $2 " |" NR "| " $2 }' "$tmp/macros" |
		sed 's/^CHECK \(.\) | .* |\([0-9]*\)| \(.*\)$/CHECK \2 \3/'
} >"$tmp/expand.c"
squeeze()
{
	sed 's/[[:space:]]\{1,\}/ /g; s/ *\([(),|&]\) */\1/g; s/ $//'
}
# A macro's expansion may spread over several lines of output.
$cc -E -P $flags -DTEVENT_DEPRECATED -DTEVENT_COMPAT_DEFINES "$tmp/expand.c" |
	tr '\n' ' ' | sed 's/CHECK /\n&/g' | sed -n 's/^CHECK \([0-9]* .*\)$/\1/p' |
	squeeze >"$tmp/expansions"
awk -F ' [|] ' '{ text = $3; for (i = 4; i <= NF; i++) { text = text " | " $i } print NR " " text }' \
	"$tmp/macros" | squeeze >"$tmp/expected_expansions"
compare "expansion (number in the list)" "$tmp/expected_expansions" "$tmp/expansions"

# The names of all macros, for each of the switches.  __has_attribute and
# _DEPRECATED_ belong to other headers, and are defined only if they have no
# definition yet.
macro_names() # SWITCHES
{
	$cc -dM -E $flags $1 "$tmp/plain.c" | sed -n 's/^#define \([A-Za-z_0-9]*\).*/\1/p' | sort >"$tmp/all"
	# without what the included files define
	cat >"$tmp/included.c" <<'END'
#include <stdint.h>
#include <talloc.h>
#include <sys/time.h>
#include <sys/types.h>
#include <stdbool.h>
END
	$cc -dM -E $flags $1 "$tmp/included.c" | sed -n 's/^#define \([A-Za-z_0-9]*\).*/\1/p' | sort >"$tmp/others"
	comm -23 "$tmp/all" "$tmp/others" | grep -vxE '__has_attribute|_DEPRECATED_'
}
listed_names() # LETTERS
{
	awk -F ' [|] ' -v letters="$1" 'index(letters, $1) && $2 !~ /^\(/ { sub(/\(.*/, "", $2); print $2 }' \
		"$tmp/macros" | sort -u
}
{
	listed_names -
	printf '%s\n' __TEVENT_H__ TEVENT_FD_READ TEVENT_FD_WRITE TEVENT_FD_ERROR TEVENT_HAS_LOOP_ONCE_TRACE_POINTS
} >"$tmp/always"
macro_names "" >"$tmp/found"
compare "macro" "$tmp/always" "$tmp/found"
macro_names -DTEVENT_DEPRECATED >"$tmp/found"
{ cat "$tmp/always"; listed_names D; } >"$tmp/wanted"
compare "macro with TEVENT_DEPRECATED" "$tmp/wanted" "$tmp/found"
macro_names -DTEVENT_COMPAT_DEFINES >"$tmp/found"
{ cat "$tmp/always"; listed_names C; } >"$tmp/wanted"
compare "macro with TEVENT_COMPAT_DEFINES" "$tmp/wanted" "$tmp/found"

# Every call macro as an expression, in C and in C++.
cat >"$tmp/use.c" <<'END'
#define TEVENT_DEPRECATED 1
#define TEVENT_COMPAT_DEFINES 1
#define _DEPRECATED_
#include <stddef.h>
#include <tevent.h>
#ifdef __cplusplus
extern "C" {
#endif
struct state { int member; };
/* In parentheses, followed by a comma: a semicolon would not fit in there. */
#define USE(expression) ((void)((expression), 0))
#define VALUE(type, expression) do { type value = (expression); (void)value; } while (0)
bool finished(void *p);
void use(struct event_context *ev, TALLOC_CTX *mem, struct event_ops *ops, struct fd_event *fde,
	 struct timed_event *te, struct signal_event *se, struct timeval tv, struct tevent_immediate *im,
	 struct tevent_req *req, struct tevent_queue *queue, struct tevent_threaded_context *tctx,
	 const struct tevent_wrapper_ops *wrapper_ops, event_fd_handler_t fdh, event_timed_handler_t th,
	 event_signal_handler_t sh, tevent_immediate_handler_t ih, tevent_req_fn fn, tevent_req_cancel_fn cancel,
	 tevent_req_cleanup_fn cleanup, tevent_queue_trigger_fn_t trigger, tevent_debug_fn debug, void *p);
void use(struct event_context *ev, TALLOC_CTX *mem, struct event_ops *ops, struct fd_event *fde,
	 struct timed_event *te, struct signal_event *se, struct timeval tv, struct tevent_immediate *im,
	 struct tevent_req *req, struct tevent_queue *queue, struct tevent_threaded_context *tctx,
	 const struct tevent_wrapper_ops *wrapper_ops, event_fd_handler_t fdh, event_timed_handler_t th,
	 event_signal_handler_t sh, tevent_immediate_handler_t ih, tevent_req_fn fn, tevent_req_cancel_fn cancel,
	 tevent_req_cleanup_fn cleanup, tevent_queue_trigger_fn_t trigger, tevent_debug_fn debug, void *p)
{
	struct state *state = NULL;
	enum ev_debug_level level = EV_DEBUG_FATAL;

	VALUE(struct tevent_fd *, tevent_add_fd(ev, mem, 0, TEVENT_FD_READ, fdh, p));
	VALUE(struct tevent_timer *, tevent_add_timer(ev, mem, tv, th, p));
	VALUE(struct tevent_immediate *, tevent_create_immediate(mem));
	USE(tevent_schedule_immediate(im, ev, ih, p));
	VALUE(struct tevent_signal *, tevent_add_signal(ev, mem, 1, 0, sh, p));
	VALUE(int, tevent_loop_once(ev));
	VALUE(int, tevent_loop_wait(ev));
	USE(TEVENT_FD_READABLE(fde));
	USE(TEVENT_FD_WRITEABLE(fde));
	USE(TEVENT_FD_WANTERROR(fde));
	USE(TEVENT_FD_NOT_READABLE(fde));
	USE(TEVENT_FD_NOT_WRITEABLE(fde));
	USE(TEVENT_FD_NOT_WANTERROR(fde));
	USE(tevent_req_set_callback(req, fn, p));
	VALUE(struct state *, tevent_req_callback_data(req, struct state));
	VALUE(void *, tevent_req_callback_data_void(req));
	VALUE(struct state *, tevent_req_data(req, struct state));
	USE(tevent_req_set_cancel_fn(req, cancel));
	VALUE(bool, tevent_req_cancel(req));
	USE(tevent_req_set_cleanup_fn(req, cleanup));
	VALUE(struct tevent_req *, tevent_req_create(mem, &state, struct state));
	USE(tevent_req_notify_callback(req));
	USE(tevent_req_done(req));
	VALUE(bool, tevent_req_error(req, 1));
	VALUE(bool, tevent_req_nomem(p, req));
	USE(tevent_req_oom(req));
	USE(tevent_thread_call_depth_reset_from_req(req));
	VALUE(struct tevent_queue *, tevent_queue_create(mem, "name"));
	VALUE(bool, tevent_queue_add(queue, ev, req, trigger, p));
	VALUE(struct tevent_queue_entry *, tevent_queue_add_entry(queue, ev, req, trigger, p));
	VALUE(struct tevent_queue_entry *, tevent_queue_add_optimize_empty(queue, ev, req, trigger, p));
	USE(tevent_threaded_schedule_immediate(tctx, im, ih, p));
	VALUE(int, tevent_loop_until(ev, finished, p));
	VALUE(struct tevent_context *, tevent_context_wrapper_create(ev, mem, wrapper_ops, &state, struct state));
	VALUE(bool, tevent_context_push_use(ev));
	USE(tevent_context_pop_use(ev));
	VALUE(struct tevent_context *, event_context_init(mem));
	VALUE(struct tevent_context *, event_context_init_byname(mem, "name"));
	VALUE(const char **, event_backend_list(mem));
	USE(event_set_default_backend("name"));
	VALUE(struct tevent_fd *, event_add_fd(ev, mem, 0, EVENT_FD_READ | EVENT_FD_WRITE, fdh, p));
	VALUE(struct tevent_timer *, event_add_timed(ev, mem, tv, th, p));
	VALUE(struct tevent_signal *, event_add_signal(ev, mem, 1, 0, sh, p));
	VALUE(int, event_loop_once(ev));
	VALUE(int, event_loop_wait(ev));
	VALUE(uint16_t, event_get_fd_flags(fde));
	USE(event_set_fd_flags(fde, 0));
	USE(EVENT_FD_WRITEABLE(fde));
	USE(EVENT_FD_READABLE(fde));
	USE(EVENT_FD_NOT_WRITEABLE(fde));
	USE(EVENT_FD_NOT_READABLE(fde));
	VALUE(int, ev_set_debug(ev, debug, p));
	VALUE(int, ev_set_debug_stderr(ev));
	VALUE(bool, (tevent_queue_add)(queue, ev, req, trigger, p));
	(void)level; (void)state; (void)ops; (void)te; (void)se;
}
#ifdef __cplusplus
}
#endif
END
cp "$tmp/use.c" "$tmp/use.cpp"
for macro in $(listed_names -DC | grep -E '^(tevent|TEVENT|event_[a-z]*_[a-z]|EVENT_FD_[A-Z]*ABLE|EVENT_FD_NOT|ev_set)' |
	grep -v '_handler_t$'); do
	grep -qE "[(, ]$macro\(" "$tmp/use.c" || fail "check_header.sh itself: $macro is not used as an expression"
done

# ---- 6. C++ sees C functions (and the expressions of 4) ------------------

for language in "$cc -std=c99 $tmp/use.c" "$cc -std=gnu17 $tmp/use.c" \
	"$cxx -std=c++11 $tmp/use.cpp" "$cxx -std=c++20 $tmp/use.cpp"; do
	rm -f "$tmp/use.o"
	if ! quietly "$tmp/log" $language -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Werror \
		$flags -c -o "$tmp/use.o"; then
		fail "macros as expressions: ${language% *}"
		head -n 5 "$tmp/log" >&2
		continue
	fi
	nm -u "$tmp/use.o" | awk '{ print $NF }' | grep -i tevent | sort -u >"$tmp/imports"
	[ -s "$tmp/imports" ] || fail "no imports found: ${language% *}"
	sort -u "$tmp/functions" >"$tmp/known"
	for name in $(comm -23 "$tmp/imports" "$tmp/known"); do
		fail "a program would import $name: ${language% *}"
	done
	for name in _tevent_queue_add _tevent_queue_add_entry _tevent_queue_add_optimize_empty \
		_tevent_req_set_callback _tevent_req_set_cancel_fn _tevent_req_set_cleanup_fn \
		__tevent_req_create _tevent_thread_call_depth_reset_from_req; do
		grep -qx "$name" "$tmp/imports" || fail "a program would not import $name: ${language% *}"
	done
done

# ---- 5. the deprecated part ---------------------------------------------

for name in tevent_loop_allow_nesting tevent_loop_set_nesting_hook _tevent_loop_until \
	_tevent_context_wrapper_create tevent_context_is_wrapper _tevent_context_push_use \
	_tevent_context_pop_use tevent_context_same_loop tevent_thread_call_depth_activate \
	tevent_thread_call_depth_deactivate tevent_thread_call_depth_start
do
	cat >"$tmp/deprecated.c" <<END
#include <tevent.h>
void *use(void);
void *use(void) { return (void *)&$name; }
END
	if quietly "$tmp/log" $cc $flags -fsyntax-only "$tmp/deprecated.c"; then
		fail "visible without TEVENT_DEPRECATED: $name"
	fi
	if ! quietly "$tmp/log" $cc $flags -DTEVENT_DEPRECATED -Wno-deprecated-declarations \
		-fsyntax-only "$tmp/deprecated.c"; then
		fail "not visible with TEVENT_DEPRECATED: $name"
	elif quietly "$tmp/log" $cc $flags -DTEVENT_DEPRECATED -Werror=deprecated-declarations \
		-fsyntax-only "$tmp/deprecated.c"; then
		fail "no deprecated attribute: $name"
	fi
	if ! quietly "$tmp/log" $cc $flags -DTEVENT_DEPRECATED -D_DEPRECATED_= \
		-Werror=deprecated-declarations -fsyntax-only "$tmp/deprecated.c"; then
		fail "_DEPRECATED_ of the program is not respected: $name"
	fi
done
printf '#include <tevent.h>\nextern struct tevent_wrapper_ops ops;\nint use[sizeof(ops)];\n' >"$tmp/hidden.c"
if quietly "$tmp/log" $cc $flags -fsyntax-only "$tmp/hidden.c"; then
	fail "visible without TEVENT_DEPRECATED: struct tevent_wrapper_ops"
fi
own_text "" | grep -oE '[A-Za-z_0-9]+ *\(' | tr -d ' (' | grep -E '^_*tevent' >"$tmp/declared"
grep -vxE 'tevent_loop_allow_nesting|tevent_loop_set_nesting_hook|_tevent_loop_until|_tevent_context_(wrapper_create|push_use|pop_use)|tevent_context_(is_wrapper|same_loop)|tevent_thread_call_depth_(activate|deactivate|start)' \
	"$tmp/functions" >"$tmp/undeprecated"
compare "prototype without TEVENT_DEPRECATED" "$tmp/undeprecated" "$tmp/declared"

[ "$failed" -eq 0 ] && echo "$include/tevent.h: the interface of 0.17.2"
exit "$failed"
