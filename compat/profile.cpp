// SPDX-License-Identifier: LGPL-3.0-or-later

// Request profiles.

#include "compat/exports.hpp"

#include "src/async/request.hpp"

namespace {

template <class T>
void give(T *where, T what)
{
    if (where != nullptr) {
        *where = what;
    }
}

} // namespace

extern "C" {

bool tevent_req_set_profile(tevent_req *req)
{
    return tev::start_profile(*req);
}

const tevent_req_profile *tevent_req_get_profile(tevent_req *req)
{
    return req->profile;
}

tevent_req_profile *tevent_req_move_profile(tevent_req *req, TALLOC_CTX *mem_ctx)
{
    return tev::take_profile(*req, mem_ctx);
}

tevent_req_profile *tevent_req_profile_create(TALLOC_CTX *mem_ctx)
{
    return tev::make_profile(mem_ctx);
}

void tevent_req_profile_get_name(const tevent_req_profile *profile, const char **req_name)
{
    give<const char *>(req_name, profile->name);
}

void tevent_req_profile_get_start(const tevent_req_profile *profile, const char **start_location,
                                  timeval *start_time)
{
    give<const char *>(start_location, profile->start_location);
    give(start_time, profile->start_time);
}

void tevent_req_profile_get_stop(const tevent_req_profile *profile, const char **stop_location,
                                 timeval *stop_time)
{
    give<const char *>(stop_location, profile->stop_location);
    give(stop_time, profile->stop_time);
}

void tevent_req_profile_get_status(const tevent_req_profile *profile, pid_t *pid, tevent_req_state *state,
                                   uint64_t *user_error)
{
    give(pid, profile->pid);
    give(state, profile->state);
    give(user_error, profile->user_error);
}

const tevent_req_profile *tevent_req_profile_get_subprofiles(const tevent_req_profile *profile)
{
    return profile->subs.front();
}

const tevent_req_profile *tevent_req_profile_next(const tevent_req_profile *profile)
{
    return profile->next();
}

bool tevent_req_profile_set_name(tevent_req_profile *profile, const char *name)
{
    return tev::set_name(*profile, name);
}

bool tevent_req_profile_set_start(tevent_req_profile *profile, const char *start_location, timeval start_time)
{
    return tev::set_start(*profile, start_location, start_time);
}

bool tevent_req_profile_set_stop(tevent_req_profile *profile, const char *stop_location, timeval stop_time)
{
    return tev::set_stop(*profile, stop_location, stop_time);
}

void tevent_req_profile_set_status(tevent_req_profile *profile, pid_t pid, tevent_req_state state,
                                   uint64_t user_error)
{
    profile->pid = pid;
    profile->state = state;
    profile->user_error = user_error;
}

void tevent_req_profile_append_sub(tevent_req_profile *parent_profile, tevent_req_profile **sub_profile)
{
    tevent_req_profile *sub = talloc_move(parent_profile, sub_profile);
    parent_profile->link_last(*sub);
}

} // extern "C"
