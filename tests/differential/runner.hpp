// SPDX-License-Identifier: LGPL-3.0-or-later

// Runs programs on a library, in forked children: a crash, an abort or an
// endless loop ends a child and is an outcome like any other.

#pragma once

#include <string>
#include <vector>

#include "api.hpp"
#include "known.hpp"
#include "program.hpp"

namespace diff {

// How a program runs.
enum Lane {
    kOurs,
    kTheirs,
    kOursAlone, // nothing is left out; only our own expectations are checked
    kLaneCount
};

struct Outcome {
    int status = 0; // as from waitpid; of a sequence that came to its end 0
    std::string log;
};

struct Totals {
    uint64_t sequences = 0;
    uint64_t alone = 0;
    uint64_t steps = 0;
    uint64_t calls[kLaneCount][kFunctionCount] = {};
    uint64_t known[kKnownCount] = {};

    void add(const Totals &other);
};

class Runner {
public:
    Runner(const Api &ours, const Api &theirs, bool verbose);
    ~Runner();
    Runner(const Runner &) = delete;

    // The outcome of one program, in a child of its own.
    Outcome run(const Script &program, Lane lane);
    // Index of the first program whose outcomes differ, or -1.  Counts into totals().
    int first_difference(const std::vector<Script> &programs, bool alone_too);
    // Empty: none; else the kind of difference.
    std::string difference(const Script &program);
    const Totals &totals() const;

private:
    struct Shared;

    void run_lane(const std::vector<Script> &programs, Lane lane);
    int run_child(const std::vector<Script> &programs, Lane lane, size_t first);
    Outcome outcome(Lane lane, size_t index) const;

    Api apis_[kLaneCount];
    bool verbose_;
    Shared *shared_;
};

// Fewer steps, and simpler ones, with the same kind of difference.
Script minimised(Runner &runner, const Script &program);
// The two logs around their first difference.
std::string side_by_side(const Outcome &ours, const Outcome &theirs);

} // namespace diff
