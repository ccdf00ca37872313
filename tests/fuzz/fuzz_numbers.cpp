// SPDX-License-Identifier: LGPL-3.0-or-later

// libFuzzer target: functions that take plain numbers, against small models in
// wide integers.
//
// A result that overflows a time_t is not defined; the library must avoid
// undefined behaviour there, and its result is not checked.

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <sys/eventfd.h>
#include <unistd.h>

#ifndef TEVENT_DEPRECATED
#define TEVENT_DEPRECATED 1
#endif
#define _DEPRECATED_
#include <tevent.h>

namespace {

using Wide = __int128;

void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

class Bytes {
public:
    Bytes(const uint8_t *at, size_t size) : at_(at), end_(at + size) {}

    template <typename T>
    T take()
    {
        T value = {};
        const size_t size =
            end_ - at_ < static_cast<std::ptrdiff_t>(sizeof(T)) ? static_cast<size_t>(end_ - at_) : sizeof(T);
        memcpy(&value, at_, size);
        at_ += size;
        return value;
    }

private:
    const uint8_t *at_;
    const uint8_t *end_;
};

timeval take_time(Bytes &bytes)
{
    timeval tv;
    tv.tv_sec = bytes.take<int64_t>();
    tv.tv_usec = bytes.take<int32_t>() % 1000000;
    tv.tv_usec = tv.tv_usec < 0 ? -tv.tv_usec : tv.tv_usec;
    return tv;
}

Wide microseconds(const timeval &tv)
{
    return static_cast<Wide>(tv.tv_sec) * 1000000 + tv.tv_usec;
}

bool fits(Wide us)
{
    return us / 1000000 <= INT64_MAX - 1 && us / 1000000 >= INT64_MIN + 1;
}

void check_add(Bytes &bytes)
{
    const timeval tv = take_time(bytes);
    const auto secs = bytes.take<uint32_t>();
    const auto usecs = bytes.take<uint32_t>();
    const timeval sum = tevent_timeval_add(&tv, secs, usecs);
    const Wide expected = microseconds(tv) + static_cast<Wide>(secs) * 1000000 + usecs;
    if (fits(expected)) {
        require(microseconds(sum) == expected);
        require(sum.tv_usec >= 0 && sum.tv_usec < 1000000);
    }
}

void check_compare(Bytes &bytes)
{
    const timeval a = take_time(bytes);
    const timeval b = take_time(bytes);
    const Wide difference = microseconds(b) - microseconds(a);
    const int order = tevent_timeval_compare(&a, &b);
    require(order == (difference > 0 ? -1 : difference < 0 ? 1 : 0));
    const timeval until = tevent_timeval_until(&a, &b);
    if (difference <= 0) {
        require(tevent_timeval_is_zero(&until));
    } else if (fits(difference)) {
        require(microseconds(until) == difference);
    }
}

void check_set(Bytes &bytes)
{
    const auto secs = bytes.take<uint32_t>();
    const auto usecs = bytes.take<uint32_t>();
    const timeval tv = tevent_timeval_set(secs, usecs);
    require(tv.tv_sec == secs && tv.tv_usec == usecs);
    require(tevent_timeval_is_zero(&tv) == (secs == 0 && usecs == 0));
    const timeval later = tevent_timeval_current_ofs(secs, usecs);
    require(later.tv_usec >= 0 && later.tv_usec < 1000000 && later.tv_sec >= secs);
}

void check_wait_timeout(Bytes &bytes, tevent_context *ev)
{
    uint32_t previous = 30;
    for (int i = 0; i < 4; i++) {
        const auto secs = bytes.take<uint32_t>();
        require(tevent_context_set_wait_timeout(ev, secs) == previous);
        previous = secs > INT32_MAX ? INT32_MAX : secs;
    }
}

void on_signal(tevent_context *, tevent_signal *, int, int, void *, void *) {}

void check_signal_number(Bytes &bytes, tevent_context *ev)
{
    const int signum = bytes.take<uint8_t>() % 2 == 0 ? bytes.take<int32_t>() : bytes.take<int8_t>();
    const int sa_flags =
        bytes.take<int32_t>() & (SA_SIGINFO | SA_RESTART | SA_NODEFER | static_cast<int>(SA_RESETHAND));
    errno = 0;
    tevent_signal *se = tevent_add_signal(ev, nullptr, signum, sa_flags, on_signal, nullptr);
    const bool is_number = signum >= 0 && static_cast<size_t>(signum) < tevent_num_signals();
    require(is_number || (se == nullptr && errno == EINVAL));
    require(se != nullptr || errno == EINVAL);
    talloc_free(se);
}

void on_fd(tevent_context *, tevent_fd *, uint16_t, void *) {}

void check_fd_flags(Bytes &bytes, tevent_context *ev)
{
    const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    auto flags = bytes.take<uint16_t>();
    tevent_fd *fde = tevent_add_fd(ev, ev, fd, flags, on_fd, nullptr);
    require(tevent_fd_get_flags(fde) == flags);
    for (int i = 0; i < 3; i++) {
        flags = bytes.take<uint16_t>();
        tevent_fd_set_flags(fde, flags);
        require(tevent_fd_get_flags(fde) == flags);
        TEVENT_FD_READABLE(fde);
        TEVENT_FD_NOT_WRITEABLE(fde);
        require(tevent_fd_get_flags(fde) == ((flags | TEVENT_FD_READ) & ~TEVENT_FD_WRITE));
    }
    const auto tag = bytes.take<uint64_t>();
    tevent_fd_set_tag(fde, tag);
    require(tevent_fd_get_tag(fde) == tag);
    const int number = bytes.take<int32_t>();
    require(number >= 0 || tevent_add_fd(ev, ev, number, flags, on_fd, nullptr) == nullptr);
    talloc_free(fde);
    close(fd);
}

void check_request_error(Bytes &bytes, tevent_context *ev)
{
    int *state;
    tevent_req *req = tevent_req_create(ev, &state, int);
    const auto code = bytes.take<uint64_t>();
    require(tevent_req_error(req, code) == (code != 0));
    tevent_req_state reached = TEVENT_REQ_INIT;
    uint64_t error = 1;
    require(tevent_req_is_error(req, &reached, &error));
    require(code == 0 ? reached == TEVENT_REQ_IN_PROGRESS
                      : reached == TEVENT_REQ_USER_ERROR && error == code);
    talloc_free(tevent_req_print(req, req));
    require(tevent_req_set_endtime(req, ev, take_time(bytes)));
    talloc_free(req);
}

void on_timer(tevent_context *, tevent_timer *, timeval, void *) {}

void check_timer(Bytes &bytes, tevent_context *ev)
{
    tevent_timer *timers[3];
    for (tevent_timer *&te : timers) {
        te = tevent_add_timer(ev, ev, take_time(bytes), on_timer, nullptr);
    }
    tevent_update_timer(timers[0], take_time(bytes));
    tevent_context_set_wait_timeout(ev, 0); // never waits
    for (int i = 0; i < 4; i++) {
        tevent_loop_once(ev);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes bytes(data, size);
    tevent_context *ev = tevent_context_init(nullptr);
    switch (bytes.take<uint8_t>() % 8) {
    case 0:
        check_add(bytes);
        break;
    case 1:
        check_compare(bytes);
        break;
    case 2:
        check_set(bytes);
        break;
    case 3:
        check_wait_timeout(bytes, ev);
        break;
    case 4:
        check_signal_number(bytes, ev);
        break;
    case 5:
        check_fd_flags(bytes, ev);
        break;
    case 6:
        check_request_error(bytes, ev);
        break;
    case 7:
        check_timer(bytes, ev);
        break;
    }
    talloc_free(ev);
    return 0;
}
