// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/async/request_profile.hpp"

#include "src/base/talloc_object.hpp"

namespace tev {

namespace {

bool replace(RequestProfile &profile, char *&string, const char *with)
{
    char *copy = talloc_strdup(&profile, with);
    talloc_free(string);
    string = copy;
    return copy != nullptr;
}

} // namespace

RequestProfile *make_profile(TALLOC_CTX *parent)
{
    return talloc_make<RequestProfile>(parent);
}

bool set_name(RequestProfile &profile, const char *name)
{
    return replace(profile, profile.name, name);
}

bool set_start(RequestProfile &profile, const char *location, timeval time)
{
    profile.start_time = time;
    return replace(profile, profile.start_location, location);
}

bool set_stop(RequestProfile &profile, const char *location, timeval time)
{
    profile.stop_time = time;
    return replace(profile, profile.stop_location, location);
}

} // namespace tev

int tevent_req_profile::on_talloc_free()
{
    if (parent != nullptr) {
        parent->subs.unlink(*this);
    }
    while (tevent_req_profile *sub = subs.front()) {
        subs.unlink(*sub);
        sub->parent = nullptr;
    }
    return 0;
}

void tevent_req_profile::link_last(tevent_req_profile &sub)
{
    if (sub.parent != nullptr) {
        sub.parent->subs.unlink(sub);
    }
    sub.parent = this;
    subs.push_back(sub);
}

tevent_req_profile *tevent_req_profile::next() const
{
    return parent != nullptr ? parent->subs.next(*const_cast<tevent_req_profile *>(this)) : nullptr;
}
