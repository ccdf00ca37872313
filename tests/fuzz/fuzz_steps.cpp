// SPDX-License-Identifier: LGPL-3.0-or-later

// libFuzzer target: the bytes are a program of the differential test, run on
// this library alone, with assertions, sanitizers and a check of all
// invariants between the steps.
//
// Nothing is left out because of the older library.  A sequence may really
// fork; the child ends by itself with status 0, which the parent checks.  A
// sanitizer finding in the child is printed and ends it with another status.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "api.hpp"
#include "backends.hpp"
#include "known.hpp"
#include "log.hpp"
#include "world.hpp"

#include "src/loop/loop.hpp"

namespace {

constexpr size_t kLogSize = 1 << 17;

uint64_t g_calls[diff::kFunctionCount];
uint64_t g_known[diff::kKnownCount];
uint64_t g_steps;
uint32_t g_log_end;
char g_log_memory[kLogSize];

void walk_invariants()
{
    for (const diff::ContextSlot &ctx : diff::g_world->contexts) {
        if (ctx.is_usable() && ctx.ptr != nullptr && !ctx.is_wrapper && !diff::pointer(ctx)->loop->is_valid()) {
            abort();
        }
    }
}

void give_up(const char *what)
{
    fprintf(stderr, "%s\n%.*s", what, static_cast<int>(g_log_end), g_log_memory);
    abort();
}

} // namespace

extern "C" int LLVMFuzzerInitialize(int *, char ***)
{
    diff::use_linked_library();
    diff::g_api.calls = g_calls;
    diff::open_known(g_known, true);
    diff::open_steps(&g_steps);
    diff::after_each_step(walk_invariants);
    diff::register_backends();
    signal(SIGPIPE, SIG_IGN);
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    diff::g_log.open(g_log_memory, kLogSize, &g_log_end);
    diff::run_sequence(diff::decode(bytes, size));
    g_log_memory[g_log_end] = '\0';
    if (strstr(g_log_memory, "EXPECTED:") != nullptr) {
        give_up("an expectation does not hold:");
    }
    const char *child = strstr(g_log_memory, "child ended with ");
    if (child != nullptr && strncmp(child, "child ended with 0\n", 19) != 0) {
        give_up("a child failed:");
    }
    return 0;
}
