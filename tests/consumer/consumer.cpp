/* SPDX-License-Identifier: LGPL-3.0-or-later */

// A C++ program as a user would write it, with exceptions and the standard library.

#include <iostream>
#include <memory>
#include <string>

#include <talloc.h>
#include <tevent.h>

namespace {

struct TallocFree {
    void operator()(void *p) const { talloc_free(p); }
};

} // namespace

int main()
{
    std::unique_ptr<tevent_context, TallocFree> ev(tevent_context_init(nullptr));
    std::string record;

    auto on_timer = [](tevent_context *, tevent_timer *, timeval, void *p) { static_cast<std::string *>(p)->append("timer"); };
    auto on_immediate = [](tevent_context *, tevent_immediate *, void *p) { static_cast<std::string *>(p)->append("immediate "); };

    tevent_immediate *im = tevent_create_immediate(ev.get());
    tevent_add_timer(ev.get(), ev.get(), tevent_timeval_current(), on_timer, &record);
    tevent_schedule_immediate(im, ev.get(), on_immediate, &record);

    if (tevent_loop_wait(ev.get()) != 0 || record != "immediate timer") {
        std::cerr << "consumer: got \"" << record << "\"\n";
        return 1;
    }
    std::cout << "consumer: ok\n";
    return 0;
}
