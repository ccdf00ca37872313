// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/base/os.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <iterator>
#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/system_call.hpp"

namespace tev::os {

namespace {

// The signal that F_SETSIG names for a file's asynchronous notifications.  It is
// sent only where O_ASYNC is set too, so on the library's own files it is a mark
// and nothing else.  The last real-time signal is the one that programs use least.
constexpr long kMark = 64;

// A kernel's signal set has a bit for each of 64 signals, on MIPS of 128.
#if defined(__mips__)
constexpr size_t kKernelSignals = 128;
#else
constexpr size_t kKernelSignals = 64;
#endif
constexpr size_t kBitsInWord = 8 * sizeof(unsigned long);

struct KernelSignalSet {
    unsigned long words[kKernelSignals / kBitsInWord];
};

constexpr KernelSignalSet all_but(std::initializer_list<int> left_out)
{
    KernelSignalSet set = {};
    std::fill(std::begin(set.words), std::end(set.words), ~0UL);
    for (const int signum : left_out) {
        const auto bit = static_cast<size_t>(signum) - 1;
        set.words[bit / kBitsInWord] &= ~(1UL << (bit % kBitsInWord));
    }
    return set;
}

constexpr KernelSignalSet kBlockedInHandlers =
    all_but({SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT});

long address(const volatile void *pointer)
{
    return reinterpret_cast<long>(pointer);
}

} // namespace

int epoll_create()
{
    return ::epoll_create1(EPOLL_CLOEXEC);
}

int epoll_ctl(int epoll_fd, int operation, int fd, uint32_t events, uint64_t key)
{
    epoll_event event = {};
    event.events = events;
    event.data.u64 = key;
    return ::epoll_ctl(epoll_fd, operation, fd, &event);
}

int epoll_wait_one(int epoll_fd, epoll_event *event, int timeout_ms)
{
    return ::epoll_wait(epoll_fd, event, 1, timeout_ms);
}

int poll(pollfd *fds, size_t count, int timeout_ms)
{
    return ::poll(fds, count, timeout_ms);
}

int eventfd()
{
    return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

int pipe(int ends[2])
{
    return ::pipe2(ends, O_CLOEXEC | O_NONBLOCK);
}

void close(int fd)
{
    ::close(fd);
}

int identify_file(int fd, FileIdentity *identity)
{
    struct stat status = {};
    if (::fstat(fd, &status) == -1) {
        return -1;
    }
    *identity = {status.st_dev, status.st_ino};
    return 0;
}

int mark_file(int fd)
{
    return ::fcntl(fd, F_SETSIG, kMark);
}

int sigaction(int signum, const struct sigaction *act, struct sigaction *old)
{
    return ::sigaction(signum, act, old);
}

int unblock_signal(int signum)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signum);
    return ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

timeval wall_clock()
{
    timeval now = {};
    ::gettimeofday(&now, nullptr);
    return now;
}

const char *error_text(int error)
{
    return ::strerror(error); // NOLINT(concurrency-mt-unsafe): glibc keeps the text per thread
}

void *page_wiped_on_fork()
{
    const auto size = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    void *page = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return nullptr;
    }
    if (::madvise(page, size, MADV_WIPEONFORK) == -1) {
        ::munmap(page, size);
        return nullptr;
    }
    return page;
}

// read() and write() are no cancellation points either, as those of libc are: their callers may hold a lock.
ssize_t read(int fd, void *buffer, size_t size)
{
    return system_call(SYS_read, fd, address(buffer), static_cast<long>(size));
}

ssize_t write(int fd, const void *buffer, size_t size)
{
    return system_call(SYS_write, fd, address(buffer), static_cast<long>(size));
}

bool is_marked_file(int fd)
{
#ifdef SYS_fcntl64
    return system_call(SYS_fcntl64, fd, F_GETSIG) == kMark;
#else
    return system_call(SYS_fcntl, fd, F_GETSIG) == kMark;
#endif
}

void block_signals_in_this_thread()
{
    system_call(SYS_rt_sigprocmask, SIG_BLOCK, address(&kBlockedInHandlers), 0, sizeof(kBlockedInHandlers));
}

int thread_id()
{
    return static_cast<int>(system_call(SYS_gettid));
}

pid_t process_id()
{
    return static_cast<pid_t>(system_call(SYS_getpid));
}

void sleep_briefly()
{
    const long time[2] = {0, 50'000}; // the kernel's timespec for this call: two longs
    system_call(SYS_nanosleep, address(time), 0);
}

void futex_wait(std::atomic<uint32_t> *word, uint32_t value)
{
    system_call(SYS_futex, address(word), FUTEX_WAIT_PRIVATE, static_cast<long>(value), 0);
}

void futex_wake_one(std::atomic<uint32_t> *word)
{
    system_call(SYS_futex, address(word), FUTEX_WAKE_PRIVATE, 1);
}

} // namespace tev::os
