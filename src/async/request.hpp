// SPDX-License-Identifier: LGPL-3.0-or-later

// A request: the state machine of one asynchronous computation.
//
//   IN_PROGRESS --done, error, nomem, end time--> finished --received--> RECEIVED
//
// A request may finish again (a posted request finishes a second time from an
// immediate, a cleanup may turn success into an error): the newer state wins.
//
// Request and state share one allocation, made at creation.  The request contains an
// immediate for posting, in case there is no memory for another one: a callback cannot
// fail because memory is short.
//
// A callback, a cleanup or a cancel function may free the request: nothing here
// touches it afterwards.

#pragma once

#include <cstddef>

#include <tevent.h>

#include "src/async/request_profile.hpp"
#include "src/event/immediate_event.hpp"

struct tevent_req final {
    static constexpr const char *kTallocName = "struct tevent_req";

    int on_talloc_free();

    bool is_in_progress() const { return state == TEVENT_REQ_IN_PROGRESS; }

    tevent_req_fn callback = nullptr;
    const char *callback_name = nullptr;
    void *callback_data = nullptr;

    void *data = nullptr; // the state, null once received
    const char *data_type = nullptr;
    tevent_req_print_fn print_fn = nullptr;
    tevent_req_cancel_fn cancel_fn = nullptr;
    const char *cancel_name = nullptr;
    tevent_req_cleanup_fn cleanup_fn = nullptr;
    const char *cleanup_name = nullptr;
    tevent_req_state cleaned_up_for = TEVENT_REQ_INIT;

    tevent_req_state state = TEVENT_REQ_IN_PROGRESS;
    uint64_t error = 0;
    const char *create_location = nullptr;
    const char *finish_location = nullptr;

    tevent_immediate spare_trigger;
    tevent_immediate *trigger = &spare_trigger; // or a child of the request; null once received
    tevent_context *defer_to = nullptr;         // for the next notification
    tevent_timer *end_timer = nullptr;
    tevent_req_profile *profile = nullptr;
    size_t call_depth = 0;
};

namespace tev {

using Request = ::tevent_req;

// Null when out of memory; *pstate is not written then.
Request *make_request(TALLOC_CTX *parent, void *pstate, size_t state_size, const char *state_type,
                      const char *function, const char *location);

void finish_request(Request &req, tevent_req_state state, const char *location);
bool finish_with_error(Request &req, uint64_t error, const char *location);
// Calls the callback, or schedules it if it is deferred.
void notify_callback(Request &req, const char *location);
// Finishes it again from an immediate on `ev`.
void post_request(Request &req, Context &ev);
void receive_request(Request &req);

void set_cleanup(Request &req, tevent_req_cleanup_fn fn, const char *name);
void set_cancel(Request &req, tevent_req_cancel_fn fn, const char *name);
bool cancel_request(Request &req);

bool set_end_time(Request &req, Context &ev, timeval when);
void reset_end_time(Request &req);
inline bool end_time_was_reached(const Request &req)
{
    return req.state == TEVENT_REQ_TIMED_OUT;
}
// Returns a request that waits for its end time.  Null when out of memory.
Request *send_wakeup(TALLOC_CTX *parent, Context &ev, timeval when);
// False when a turn failed.
bool run_until_finished(Request &req, Context &ev);

char *print_request(Request &req, TALLOC_CTX *parent);
bool start_profile(Request &req);
RequestProfile *take_profile(Request &req, TALLOC_CTX *parent);

} // namespace tev
