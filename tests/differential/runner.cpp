// SPDX-License-Identifier: LGPL-3.0-or-later

#include "runner.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends.hpp"
#include "world.hpp"

namespace diff {

namespace {

constexpr size_t kLogSize = 1 << 17;
constexpr size_t kMostInBatch = 256;
constexpr int kSecondsOfCpu = 2;   // for one sequence
constexpr int kSecondsAsleep = 60; // for a batch: something waits although it should not
constexpr int kNeverEnds = 0x7e00;
constexpr int kLeaksDescriptors = 96;

int count_descriptors()
{
    int count = 0;
    for (int fd = 0; fd < vos::kFirstFd; fd++) {
        count += fcntl(fd, F_GETFD) != -1;
    }
    return count;
}

void limit_cpu()
{
    const itimerval limit = {{0, 0}, {kSecondsOfCpu, 0}};
    setitimer(ITIMER_PROF, &limit, nullptr);
}

// The child's status; a child without progress is killed.
int wait_for(pid_t child)
{
    pollfd ended = {static_cast<int>(syscall(SYS_pidfd_open, child, 0)), POLLIN, 0};
    const bool stuck = poll(&ended, 1, kSecondsAsleep * 1000) == 0;
    close(ended.fd);
    if (stuck) {
        kill(child, SIGKILL);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return stuck ? kNeverEnds : status;
}

} // namespace

struct Runner::Shared {
    Totals totals;
    uint32_t current[kLaneCount];
    uint32_t ends[kLaneCount][kMostInBatch];
    int status[kLaneCount][kMostInBatch];
    char logs[kLaneCount][kMostInBatch][kLogSize];
};

void Totals::add(const Totals &other)
{
    sequences += other.sequences;
    alone += other.alone;
    steps += other.steps;
    for (int lane = 0; lane < kLaneCount; lane++) {
        for (int i = 0; i < kFunctionCount; i++) {
            calls[lane][i] += other.calls[lane][i];
        }
    }
    for (size_t i = 0; i < kKnownCount; i++) {
        known[i] += other.known[i];
    }
}

Runner::Runner(const Api &ours, const Api &theirs, bool verbose)
    : apis_{ours, theirs, ours}, verbose_(verbose)
{
    shared_ = static_cast<Shared *>(mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                                         MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (shared_ == MAP_FAILED) {
        perror("mmap");
        exit(2);
    }
}

Runner::~Runner()
{
    munmap(shared_, sizeof(Shared));
}

const Totals &Runner::totals() const
{
    return shared_->totals;
}

// The child: programs from `first` on.
int Runner::run_child(const std::vector<Script> &programs, Lane lane, size_t first)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    if (!verbose_) {
        const int null = open("/dev/null", O_WRONLY);
        dup2(null, STDERR_FILENO);
        close(null);
    }
    g_api = apis_[lane];
    g_api.calls = shared_->totals.calls[lane];
    open_known(shared_->totals.known, lane == kOursAlone);
    open_steps(&shared_->totals.steps);
    register_backends();
    int descriptors = -1;
    for (size_t i = first; i < programs.size(); i++) {
        shared_->current[lane] = static_cast<uint32_t>(i);
        g_log.open(shared_->logs[lane][i], kLogSize, &shared_->ends[lane][i]);
        limit_cpu();
        run_sequence(programs[i]);
        if (descriptors == -1) {
            descriptors = count_descriptors();
        }
    }
    return count_descriptors() == descriptors ? 0 : kLeaksDescriptors;
}

void Runner::run_lane(const std::vector<Script> &programs, Lane lane)
{
    memset(shared_->status[lane], 0, sizeof(shared_->status[lane]));
    size_t first = 0;
    while (first < programs.size()) {
        const pid_t child = fork();
        if (child == 0) {
            _exit(run_child(programs, lane, first));
        }
        const int status = wait_for(child);
        if (status == 0) {
            return;
        }
        shared_->status[lane][shared_->current[lane]] = status;
        first = shared_->current[lane] + 1;
    }
}

Outcome Runner::outcome(Lane lane, size_t index) const
{
    return {shared_->status[lane][index],
            std::string(shared_->logs[lane][index], shared_->ends[lane][index])};
}

Outcome Runner::run(const Script &program, Lane lane)
{
    run_lane({program}, lane);
    return outcome(lane, 0);
}

int Runner::first_difference(const std::vector<Script> &programs, bool alone_too)
{
    run_lane(programs, kOurs);
    run_lane(programs, kTheirs);
    if (alone_too) {
        run_lane(programs, kOursAlone);
    }
    for (size_t i = 0; i < programs.size(); i++) {
        const bool same =
            shared_->ends[kOurs][i] == shared_->ends[kTheirs][i] &&
            memcmp(shared_->logs[kOurs][i], shared_->logs[kTheirs][i], shared_->ends[kOurs][i]) == 0;
        const bool ended = shared_->status[kOurs][i] == 0 && shared_->status[kTheirs][i] == 0;
        if (!same || !ended) {
            return static_cast<int>(i);
        }
        shared_->totals.sequences++;
        if (alone_too) {
            const Outcome alone = outcome(kOursAlone, i);
            if (alone.status != 0 || alone.log.find("EXPECTED:") != std::string::npos) {
                return static_cast<int>(i);
            }
            shared_->totals.alone++;
        }
    }
    return -1;
}

std::string Runner::difference(const Script &program)
{
    const Outcome ours = run(program, kOurs);
    const Outcome theirs = run(program, kTheirs);
    if (ours.status != theirs.status) {
        char text[80];
        snprintf(text, sizeof(text), "ours ends with status 0x%x, theirs with 0x%x", ours.status,
                 theirs.status);
        return text;
    }
    if (ours.log != theirs.log) {
        return "the logs differ";
    }
    if (ours.status != 0) {
        return "both fail";
    }
    const Outcome alone = run(program, kOursAlone);
    if (alone.status != 0) {
        char text[80];
        snprintf(text, sizeof(text), "ours, alone, ends with status 0x%x", alone.status);
        return text;
    }
    const size_t at = alone.log.find("EXPECTED:");
    return at != std::string::npos ? "ours, alone: " + alone.log.substr(at, alone.log.find('\n', at) - at)
                                   : "";
}

} // namespace diff
