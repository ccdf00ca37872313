// SPDX-License-Identifier: LGPL-3.0-or-later

// The profile of a request: name, time and location of its beginning and end, its result, and
// the profiles of its subrequests.
//
// A profile is a talloc chunk of its own.  The list of subprofiles and the
// talloc tree are separate: a subprofile joins the list when its request is
// created and becomes the parent's talloc child when that request finishes.
// The one that is freed first unlinks itself.

#pragma once

#include <tevent.h>

#include "src/base/list.hpp"

struct tevent_req_profile final : tev::ListNode<tevent_req_profile> {
    static constexpr const char *kTallocName = "struct tevent_req_profile";

    int on_talloc_free();

    void link_last(tevent_req_profile &sub);
    tevent_req_profile *next() const;

    tevent_req_profile *parent = nullptr;
    tev::List<tevent_req_profile, tevent_req_profile> subs;
    char *name = nullptr;
    char *start_location = nullptr;
    timeval start_time = {0, 0};
    char *stop_location = nullptr;
    timeval stop_time = {0, 0};
    pid_t pid = 0;
    tevent_req_state state = TEVENT_REQ_INIT;
    uint64_t user_error = 0;
};

namespace tev {

using RequestProfile = ::tevent_req_profile;

// Null when out of memory.
RequestProfile *make_profile(TALLOC_CTX *parent);
// These copy the string; false when the copy is null (out of memory, or a null string).
bool set_name(RequestProfile &profile, const char *name);
bool set_start(RequestProfile &profile, const char *location, timeval time);
bool set_stop(RequestProfile &profile, const char *location, timeval time);

} // namespace tev
