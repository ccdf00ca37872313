// SPDX-License-Identifier: LGPL-3.0-or-later

// Profiles of requests, and profiles on their own.

#include "requests.hpp"
#include "world.hpp"

namespace diff {

namespace {

tevent_req_profile *pointer(const ProfileSlot &profile)
{
    return static_cast<tevent_req_profile *>(profile.ptr);
}

ProfileSlot *profile_of(const Step &s)
{
    return usable(g_world->profiles, s[0]);
}

long long since_start(timeval tv)
{
    return tv.tv_sec == 0 ? tv.tv_usec : tv.tv_sec * 1000000LL + tv.tv_usec - vos::kStartUs;
}

std::string shown(const char *location)
{
    return location == nullptr ? "none" : canonical_location(location);
}

void say_profile(const tevent_req_profile *profile)
{
    if (profile == nullptr) {
        say("no profile");
        return;
    }
    const char *name = nullptr;
    const char *start = nullptr;
    const char *stop = nullptr;
    timeval start_time = {};
    timeval stop_time = {};
    pid_t pid = -1;
    tevent_req_state state = TEVENT_REQ_INIT;
    uint64_t error = 1;
    CALL(tevent_req_profile_get_name)(profile, &name);
    CALL(tevent_req_profile_get_start)(profile, &start, &start_time);
    CALL(tevent_req_profile_get_start)(profile, nullptr, nullptr);
    CALL(tevent_req_profile_get_stop)(profile, &stop, &stop_time);
    CALL(tevent_req_profile_get_stop)(profile, nullptr, nullptr);
    CALL(tevent_req_profile_get_status)(profile, &pid, &state, &error);
    CALL(tevent_req_profile_get_status)(profile, nullptr, nullptr, nullptr);
    say("profile %s from %s %lld to %s %lld pid=%d state=%d error=%llu", name != nullptr ? name : "none",
        shown(start).c_str(), since_start(start_time), shown(stop).c_str(), since_start(stop_time), pid,
        state, static_cast<unsigned long long>(error));
    g_log.indent();
    for (const tevent_req_profile *sub = CALL(tevent_req_profile_get_subprofiles)(profile); sub != nullptr;
         sub = CALL(tevent_req_profile_next)(sub)) {
        say_profile(sub);
    }
    g_log.outdent();
}

void profile_new(const Step &s)
{
    if (ProfileSlot *profile = vacant(g_world->profiles, s[0])) {
        const char *parent_name;
        void *mem_ctx = parent(s[1], &parent_name);
        mem_ctx = mem_ctx != nullptr ? mem_ctx : g_world->root;
        reserve(*profile, kNone);
        profile->appended = false;
        say("%s = profile parent=%s", profile->name, parent_name);
        tevent_req_profile *ptr = CALL(tevent_req_profile_create)(mem_ctx);
        if (made(*profile, ptr)) {
            say("%s %d", talloc_get_name(ptr), talloc_parent(ptr) == mem_ctx);
            say_profile(ptr);
        }
    }
}

void profile_set(const Step &s)
{
    ProfileSlot *profile = profile_of(s);
    if (profile == nullptr) {
        return;
    }
    const timeval when = CALL(tevent_timeval_set)(s[2], 1);
    const char *text = s[2] % 8 == 7 ? nullptr : "text";
    switch (s[1] % 4) {
    case 0:
        say("set_name %s -> %d", profile->name, CALL(tevent_req_profile_set_name)(pointer(*profile), text));
        break;
    case 1:
        say("set_start %s -> %d", profile->name,
            CALL(tevent_req_profile_set_start)(pointer(*profile), text, when));
        break;
    case 2:
        say("set_stop %s -> %d", profile->name,
            CALL(tevent_req_profile_set_stop)(pointer(*profile), text, when));
        break;
    case 3:
        say("set_status %s", profile->name);
        CALL(tevent_req_profile_set_status)
        (pointer(*profile), s[2], static_cast<tevent_req_state>(s[2] % 7), s[2]);
        break;
    }
    say_profile(pointer(*profile));
}

bool is_below(const void *ptr, const void *ancestor)
{
    while (ptr != nullptr && ptr != ancestor) {
        ptr = talloc_parent(ptr);
    }
    return ptr != nullptr;
}

void profile_append(const Step &s)
{
    ProfileSlot *profile = profile_of(s);
    ProfileSlot *sub = usable(g_world->profiles, s[1]);
    if (profile == nullptr || sub->appended || is_below(profile->ptr, sub->ptr)) {
        return;
    }
    say("append %s %s", profile->name, sub->name);
    tevent_req_profile *moved = pointer(*sub);
    CALL(tevent_req_profile_append_sub)(pointer(*profile), &moved);
    sub->appended = true;
    say("append -> %d", moved == nullptr);
    say_profile(pointer(*profile));
}

void profile_free(const Step &s)
{
    if (ProfileSlot *profile = profile_of(s)) {
        free_object(*profile);
    }
}

void req_profile(const Step &s)
{
    RequestSlot *req = usable(g_world->requests, s[0]);
    if (req == nullptr || req->made_by_library || g_world->in_cleanup != 0 || req->pinned != 0 ||
        req->state == nullptr) {
        return;
    }
    say("set_profile %s", req->name);
    say("set_profile -> %d", CALL(tevent_req_set_profile)(pointer(*req)));
}

void req_get_profile(const Step &s)
{
    if (RequestSlot *req = usable(g_world->requests, s[0])) {
        say("get_profile %s", req->name);
        say_profile(CALL(tevent_req_get_profile)(pointer(*req)));
    }
}

void req_move_profile(const Step &s)
{
    RequestSlot *req = usable(g_world->requests, s[0]);
    ProfileSlot *profile = vacant(g_world->profiles, s[1]);
    if (req == nullptr || profile == nullptr) {
        return;
    }
    say("%s = move_profile %s", profile->name, req->name);
    reserve(*profile, kNone);
    profile->appended = true; // may be a subprofile already
    if (made(*profile, CALL(tevent_req_move_profile)(pointer(*req), g_world->root))) {
        say_profile(pointer(*profile));
    }
}

const Op kOps[] = {
    {"profile_new", "slot parent", false, 3, profile_new},
    {"profile_set", "slot what value", false, 4, profile_set},
    {"profile_append", "slot sub", false, 3, profile_append},
    {"profile_free", "slot", false, 2, profile_free},
    {"req_profile", "slot", false, 5, req_profile},
    {"req_get_profile", "slot", false, 3, req_get_profile},
    {"req_move_profile", "slot profile", false, 2, req_move_profile},
};

} // namespace

const Room kProfileRoom = {kOps, std::size(kOps)};

} // namespace diff
