// SPDX-License-Identifier: LGPL-3.0-or-later

// A set of signal numbers that signal handlers and threads change at the same time.

#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace tev::signals {

constexpr int kMostSignals = 128;

class SignalBits {
public:
    bool empty() const
    {
        return std::all_of(std::begin(words_), std::end(words_),
                           [](const auto &word) { return word.load() == 0; });
    }

    bool contains(int signum) const { return (word_of(signum).load() & bit_of(signum)) != 0; }
    void add(int signum) { words_[index_of(signum)].fetch_or(bit_of(signum)); }
    // True when it was in the set.
    bool take(int signum)
    {
        return (words_[index_of(signum)].fetch_and(~bit_of(signum)) & bit_of(signum)) != 0;
    }

private:
    static constexpr size_t kBits = 8 * sizeof(unsigned long);

    static size_t index_of(int signum) { return static_cast<size_t>(signum) / kBits; }
    static unsigned long bit_of(int signum) { return 1UL << (static_cast<size_t>(signum) % kBits); }
    const std::atomic<unsigned long> &word_of(int signum) const { return words_[index_of(signum)]; }

    std::atomic<unsigned long> words_[kMostSignals / kBits]{};
};

} // namespace tev::signals
