// SPDX-License-Identifier: LGPL-3.0-or-later

// Replaces the kernel's epoll(7) and poll(2) in one test program: records the
// pollers' calls and returns prepared answers.  Included once.

#pragma once

#include <cerrno>
#include <deque>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/epoll.h>
#include <unistd.h>
#include <vector>

struct FakeKernel {
    struct Control {
        int instance;
        int operation;
        int fd;
        uint32_t events;
        uint64_t key;
    };
    struct Report { // of one wait
        int error = 0;
        int count = 0;
        epoll_event event = {};
    };

    std::vector<Control> controls;
    std::deque<int> control_errors; // of the next calls; 0: works
    int instances = 0;              // made so far; each has a number of its own
    int create_error = 0;
    std::deque<Report> reports;

    std::vector<pollfd> polled; // the argument of the last poll()
    std::vector<short> poll_answers;
    int poll_error = 0;
    int last_timeout = 0;

    static constexpr int kFirstInstance = 900; // no number that is open

    // "A5 M5 D5": the operations since the last call, with their descriptors.
    std::string operations()
    {
        std::string all;
        for (const Control &c : controls) {
            const char *name = c.operation == EPOLL_CTL_ADD ? "A" : c.operation == EPOLL_CTL_MOD ? "M" : "D";
            all += (all.empty() ? "" : " ") + std::string(name) + std::to_string(c.fd);
        }
        controls.clear();
        return all;
    }
};

inline FakeKernel kernel;

extern "C" {

int epoll_create1(int) noexcept
{
    if (kernel.create_error != 0) {
        errno = kernel.create_error;
        return -1;
    }
    // A real file under that number: the library checks whether a number is still its own.
    const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int instance = dup2(file, FakeKernel::kFirstInstance + kernel.instances++);
    close(file);
    return instance;
}

int epoll_ctl(int instance, int operation, int fd, epoll_event *event) noexcept
{
    kernel.controls.push_back({instance, operation, fd, event->events, event->data.u64});
    int error = 0;
    if (!kernel.control_errors.empty()) {
        error = kernel.control_errors.front();
        kernel.control_errors.pop_front();
    }
    errno = error;
    return error == 0 ? 0 : -1;
}

int epoll_wait(int, epoll_event *events, int, int timeout)
{
    FakeKernel::Report report;
    if (!kernel.reports.empty()) {
        report = kernel.reports.front();
        kernel.reports.pop_front();
    }
    kernel.last_timeout = timeout;
    *events = report.event;
    errno = report.error;
    return report.error == 0 ? report.count : -1;
}

int poll(pollfd *fds, nfds_t count, int timeout)
{
    kernel.polled.assign(fds, fds + count);
    kernel.last_timeout = timeout;
    int ready = 0;
    for (nfds_t i = 0; i < count; i++) {
        fds[i].revents = i < kernel.poll_answers.size() ? kernel.poll_answers[i] : short{0};
        ready += fds[i].revents != 0;
    }
    errno = kernel.poll_error;
    return kernel.poll_error == 0 ? ready : -1;
}
}
