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
    return replace(profile, profile.name_, name);
}

bool set_start(RequestProfile &profile, const char *location, timeval time)
{
    profile.start_time_ = time;
    return replace(profile, profile.start_location_, location);
}

bool set_stop(RequestProfile &profile, const char *location, timeval time)
{
    profile.stop_time_ = time;
    return replace(profile, profile.stop_location_, location);
}

} // namespace tev

int tevent_req_profile::on_talloc_free()
{
    if (parent_ != nullptr) {
        parent_->subs_.unlink(*this);
    }
    while (tevent_req_profile *sub = subs_.front()) {
        subs_.unlink(*sub);
        sub->parent_ = nullptr;
    }
    return 0;
}

void tevent_req_profile::link_last(tevent_req_profile &sub)
{
    if (sub.parent_ != nullptr) {
        sub.parent_->subs_.unlink(sub);
    }
    sub.parent_ = this;
    subs_.push_back(sub);
}

tevent_req_profile *tevent_req_profile::next() const
{
    return parent_ != nullptr ? parent_->subs_.next(*const_cast<tevent_req_profile *>(this)) : nullptr;
}
