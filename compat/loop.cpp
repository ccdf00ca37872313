// SPDX-License-Identifier: LGPL-3.0-or-later

// Running the loop.

#include "compat/exports.hpp"

#include "src/context/run.hpp"

extern "C" {

int _tevent_loop_once(tevent_context *ev, const char *location)
{
    return tev::run_once(*ev, location);
}

int _tevent_loop_wait(tevent_context *ev, const char *location)
{
    return ev->ops->loop_wait(ev, location);
}

int _tevent_loop_until(tevent_context *ev, bool (*finished)(void *), void *private_data, const char *location)
{
    return tev::run_until(*ev, finished, private_data, location);
}

void tevent_loop_allow_nesting(tevent_context *ev)
{
    tev::allow_nesting(*ev);
}

void tevent_loop_set_nesting_hook(tevent_context *ev, tevent_nesting_hook hook, void *private_data)
{
    tev::set_nesting_hook(*ev, hook, private_data);
}

int tevent_common_loop_wait(tevent_context *ev, const char *location)
{
    return tev::run_until_empty(*ev, location);
}

bool tevent_common_have_events(tevent_context *ev)
{
    const tev::Loop *loop = tev::own_loop(*ev);
    return loop != nullptr && loop->has_sources();
}

} // extern "C"
